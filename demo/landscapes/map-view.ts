// Draws a landscape and the points on it, each on a canvas of its own: the ground changes seldom, the points every frame.
// Must not know how points move.
import { rgbColor } from "../shared/color";
import { ruleColor, type RuleName } from "../shared/rules";
import contourWgsl from "./contour.wgsl?raw";
import { ASPECT, type Landscape } from "./functions";
import pointsWgsl from "./points.wgsl?raw";
import type { Swarm } from "./swarm";

/** Above these many points of a rule, each is drawn smaller and fainter. */
const DENSE_COUNT = 20_000;
const POINT_PIXELS = { sparse: 2.5, dense: 1.5 };
const POINT_ALPHA = { sparse: 0.85, dense: 0.5 };

function uniformBuffer(device: GPUDevice, label: string, floatCount: number): GPUBuffer {
  return device.createBuffer({
    label: `map/${label}`,
    size: 4 * floatCount,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
}

function configure(
  canvas: HTMLCanvasElement,
  device: GPUDevice,
  alphaMode: GPUCanvasAlphaMode,
): GPUCanvasContext {
  const context = canvas.getContext("webgpu");
  if (!context) throw new Error("The browser refuses to draw with WebGPU on a canvas");
  context.configure({ device, format: navigator.gpu.getPreferredCanvasFormat(), alphaMode });
  return context;
}

/** The ground of a landscape. */
export class Ground {
  readonly #device: GPUDevice;
  readonly #context: GPUCanvasContext;
  readonly #look: GPUBuffer;
  #pipeline: GPURenderPipeline | undefined;
  #landscape: Landscape | undefined;

  constructor(device: GPUDevice, canvas: HTMLCanvasElement) {
    this.#device = device;
    this.#context = configure(canvas, device, "opaque");
    this.#look = uniformBuffer(device, "look", 20);
  }

  show(landscape: Landscape): void {
    this.#landscape = landscape;
    const device = this.#device;
    const module = device.createShaderModule({
      label: "map/contour",
      code: `${landscape.wgsl}\n${contourWgsl}`,
    });
    this.#pipeline = device.createRenderPipeline({
      label: "map/contour",
      layout: "auto",
      vertex: { module },
      fragment: { module, targets: [{ format: navigator.gpu.getPreferredCanvasFormat() }] },
    });
    this.draw();
  }

  /** Draws anew, after a change of size or colours. */
  draw(): void {
    const landscape = this.#landscape;
    const pipeline = this.#pipeline;
    if (!landscape || !pipeline) return;
    const device = this.#device;
    const { center, halfHeight, contour } = landscape;
    const color = (property: string) => [...rgbColor(property), 1];
    const look = [
      ...center,
      halfHeight * ASPECT,
      halfHeight,
      ...color("--map-low"),
      ...color("--map-high"),
      ...color("--map-line"),
      contour.power,
      contour.spacing,
      0,
      0,
    ];
    device.queue.writeBuffer(this.#look, 0, new Float32Array(look));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [
        { view: this.#context.getCurrentTexture().createView(), loadOp: "clear", storeOp: "store" },
      ],
    });
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [{ binding: 0, resource: { buffer: this.#look } }],
      }),
    );
    pass.draw(3);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }
}

/** The points of a swarm. */
export class Points {
  readonly #device: GPUDevice;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: GPUCanvasContext;
  readonly #view: GPUBuffer;
  readonly #colors = new Map<RuleName, GPUBuffer>();
  readonly #pipeline: GPURenderPipeline;
  #swarm: Swarm | null = null;
  #bindGroups: GPUBindGroup[] = [];

  constructor(device: GPUDevice, canvas: HTMLCanvasElement) {
    this.#device = device;
    this.#canvas = canvas;
    this.#context = configure(canvas, device, "premultiplied");
    this.#view = uniformBuffer(device, "view", 8);
    const module = device.createShaderModule({ label: "map/points", code: pointsWgsl });
    const over: GPUBlendComponent = { srcFactor: "one", dstFactor: "one-minus-src-alpha" };
    this.#pipeline = device.createRenderPipeline({
      label: "map/points",
      layout: "auto",
      vertex: { module },
      fragment: {
        module,
        targets: [{ format: navigator.gpu.getPreferredCanvasFormat(), blend: { color: over, alpha: over } }],
      },
      primitive: { topology: "triangle-strip" },
    });
  }

  /** Shows a swarm from now on; null shows none. */
  show(swarm: Swarm | null): void {
    this.#swarm = swarm;
    this.#bindGroups = (swarm?.rules ?? []).map((rule) => {
      if (!this.#colors.has(rule)) this.#colors.set(rule, uniformBuffer(this.#device, `color/${rule}`, 4));
      return this.#device.createBindGroup({
        layout: this.#pipeline.getBindGroupLayout(0),
        entries: [
          { binding: 0, resource: { buffer: this.#view } },
          { binding: 1, resource: { buffer: this.#colors.get(rule)! } },
          { binding: 2, resource: swarm!.arena.get(rule).param },
        ],
      });
    });
  }

  draw(landscape: Landscape): void {
    const { queue } = this.#device;
    const density = (this.#swarm?.count ?? 0) > DENSE_COUNT ? "dense" : "sparse";
    const pixels = POINT_PIXELS[density] * devicePixelRatio;
    const { center, halfHeight } = landscape;
    const halfSize = [halfHeight * ASPECT, halfHeight];
    const size = [pixels / this.#canvas.width, pixels / this.#canvas.height];
    queue.writeBuffer(this.#view, 0, new Float32Array([...center, ...halfSize, ...size, 0, 0]));
    for (const [rule, buffer] of this.#colors) {
      queue.writeBuffer(buffer, 0, new Float32Array([...rgbColor(ruleColor(rule)), POINT_ALPHA[density]]));
    }
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [
        {
          view: this.#context.getCurrentTexture().createView(),
          clearValue: [0, 0, 0, 0],
          loadOp: "clear",
          storeOp: "store",
        },
      ],
    });
    pass.setPipeline(this.#pipeline);
    for (const bindGroup of this.#bindGroups) {
      pass.setBindGroup(0, bindGroup);
      pass.draw(4, this.#swarm!.count);
    }
    pass.end();
    queue.submit([encoder.finish()]);
  }
}
