// Draws a landscape and the points on it. The ground changes seldom: it is drawn once and copied under the points of every
// frame. Must not know how points move.
import { rgbColor } from "../shared/color";
import { ruleColor, type RuleName } from "../shared/rules";
import { createSurface, type Surface } from "../shared/surface";
import contourWgsl from "./contour.wgsl?raw";
import { ASPECT, type Landscape } from "./functions";
import pointsWgsl from "./points.wgsl?raw";
import type { Swarm } from "./swarm";

/** Above these many points of a rule, each is drawn smaller and fainter. */
const DENSE_COUNT = 20_000;
const POINT_PIXELS = { sparse: 2.5, dense: 1.5 };
const POINT_ALPHA = { sparse: 0.85, dense: 0.5 };

/** Vertices of a point, as points.wgsl has them. */
const CORNER_COUNT = 6;

/** Floats of `struct Look` and `struct View`, with their padding. */
const LOOK_LENGTH = 20;
const VIEW_LENGTH = 8;

export class MapView {
  readonly #device: GPUDevice;
  readonly #canvas: HTMLCanvasElement;
  readonly #surface: Surface;
  readonly #look: GPUBuffer;
  readonly #view: GPUBuffer;
  readonly #colors = new Map<RuleName, GPUBuffer>();
  readonly #pointsPipeline: GPURenderPipeline;
  #contourPipeline!: GPURenderPipeline;
  #landscape: Landscape | null = null;
  #ground: GPUTexture | null = null;
  #swarm: Swarm | null = null;
  #bindGroups: GPUBindGroup[] = [];

  constructor(device: GPUDevice, canvas: HTMLCanvasElement) {
    this.#device = device;
    this.#canvas = canvas;
    this.#surface = createSurface(device, canvas);
    this.#look = this.#uniforms("look", LOOK_LENGTH);
    this.#view = this.#uniforms("view", VIEW_LENGTH);
    const over: GPUBlendComponent = { srcFactor: "one", dstFactor: "one-minus-src-alpha" };
    const module = device.createShaderModule({ label: "map/points", code: pointsWgsl });
    this.#pointsPipeline = device.createRenderPipeline({
      label: "map/points",
      layout: "auto",
      vertex: { module },
      fragment: { module, targets: [{ format: this.#surface.format, blend: { color: over, alpha: over } }] },
    });
  }

  /** Shows a landscape from now on, and the points of a swarm on it, if there is one. */
  show(landscape: Landscape, swarm: Swarm | null): void {
    if (landscape !== this.#landscape) {
      this.#landscape = landscape;
      const code = `${landscape.wgsl}\n${contourWgsl}`;
      const module = this.#device.createShaderModule({ label: "map/contour", code });
      this.#contourPipeline = this.#device.createRenderPipeline({
        label: "map/contour",
        layout: "auto",
        vertex: { module },
        fragment: { module, targets: [{ format: this.#surface.format }] },
      });
    }
    this.#swarm = swarm;
    this.#bindGroups = (swarm?.rules ?? []).map((rule) => this.#bindGroupOf(swarm!, rule));
    this.refresh();
  }

  /** Draws the ground anew, after a change of size or colours, and the points. */
  refresh(): void {
    this.#ground?.destroy();
    this.#ground = null;
    this.draw();
  }

  /** Draws the points where they are now. */
  draw(): void {
    if (!this.#landscape) return;
    const landscape = this.#landscape;
    this.#writeView(landscape);
    this.#surface.draw(({ encoder, texture }) => {
      const ground = (this.#ground ??= this.#drawGround(landscape));
      // A picture that waited may be of another size by now.
      if (ground.width !== texture.width || ground.height !== texture.height) return;
      encoder.copyTextureToTexture({ texture: ground }, { texture }, [texture.width, texture.height]);
      if (this.#bindGroups.length === 0) return;
      const pass = beginPass(encoder, texture, "load");
      pass.setPipeline(this.#pointsPipeline);
      for (const bindGroup of this.#bindGroups) {
        pass.setBindGroup(0, bindGroup);
        pass.draw(CORNER_COUNT * this.#swarm!.count);
      }
      pass.end();
    });
  }

  #drawGround({ center, halfHeight, contour }: Landscape): GPUTexture {
    const device = this.#device;
    const ground = device.createTexture({
      label: "map/ground",
      format: this.#surface.format,
      size: [this.#canvas.width, this.#canvas.height],
      usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC,
    });
    const color = (property: string) => [...rgbColor(property), 1];
    const look = new Float32Array(LOOK_LENGTH);
    look.set([...center, halfHeight * ASPECT, halfHeight]);
    look.set([...color("--map-low"), ...color("--map-high"), ...color("--map-line")], 4);
    look.set([contour.power, contour.spacing], 16);
    device.queue.writeBuffer(this.#look, 0, look);
    const encoder = device.createCommandEncoder();
    const pass = beginPass(encoder, ground, "clear");
    pass.setPipeline(this.#contourPipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: this.#contourPipeline.getBindGroupLayout(0),
        entries: [{ binding: 0, resource: { buffer: this.#look } }],
      }),
    );
    pass.draw(3);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return ground;
  }

  #writeView({ center, halfHeight }: Landscape): void {
    if (!this.#swarm) return;
    const { queue } = this.#device;
    const density = this.#swarm.count > DENSE_COUNT ? "dense" : "sparse";
    const pixels = POINT_PIXELS[density] * devicePixelRatio;
    const view = new Float32Array(VIEW_LENGTH);
    view.set([...center, halfHeight * ASPECT, halfHeight]);
    view.set([pixels / this.#canvas.width, pixels / this.#canvas.height], 4);
    queue.writeBuffer(this.#view, 0, view);
    for (const rule of this.#swarm.rules) {
      const color = [...rgbColor(ruleColor(rule)), POINT_ALPHA[density]];
      queue.writeBuffer(this.#colors.get(rule)!, 0, new Float32Array(color));
    }
  }

  /** The points are read straight from the buffer that the optimizer steps. */
  #bindGroupOf(swarm: Swarm, rule: RuleName): GPUBindGroup {
    if (!this.#colors.has(rule)) this.#colors.set(rule, this.#uniforms(`color/${rule}`, 4));
    return this.#device.createBindGroup({
      layout: this.#pointsPipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: { buffer: this.#view } },
        { binding: 1, resource: { buffer: this.#colors.get(rule)! } },
        { binding: 2, resource: swarm.arena.get(rule).param },
      ],
    });
  }

  #uniforms(label: string, length: number): GPUBuffer {
    return this.#device.createBuffer({
      label: `map/${label}`,
      size: Float32Array.BYTES_PER_ELEMENT * length,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }
}

const beginPass = (encoder: GPUCommandEncoder, texture: GPUTexture, loadOp: GPULoadOp) =>
  encoder.beginRenderPass({ colorAttachments: [{ view: texture.createView(), loadOp, storeOp: "store" }] });
