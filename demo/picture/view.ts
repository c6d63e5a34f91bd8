// Shows goal and models on canvases, straight from the GPU's buffers. Must not know how they are computed.
import blobsWgsl from "./shaders/blobs.wgsl?raw";
import modelWgsl from "./shaders/model.wgsl?raw";
import showWgsl from "./shaders/show.wgsl?raw";
import type { Surface } from "../shared/surface";
import type { Goal, Model } from "./model";

export type ShowMode = "picture" | "blobs" | "error";

export type Painters = { show: GPURenderPipeline; blobs: GPURenderPipeline };

/** Behind what is drawn: the background of model.wgsl. */
const CLEAR = { r: 0.5, g: 0.5, b: 0.5, a: 1 };

/** Compiles what views paint with on surfaces of a format. */
export async function compilePainters(device: GPUDevice, format: GPUTextureFormat): Promise<Painters> {
  const compile = (
    label: string,
    code: string,
    [vertex, fragment]: [string, string],
    topology: GPUPrimitiveTopology,
    blend?: GPUBlendState,
  ) => {
    const module = device.createShaderModule({ label, code });
    return device.createRenderPipelineAsync({
      label,
      layout: "auto",
      vertex: { module, entryPoint: vertex },
      fragment: { module, entryPoint: fragment, targets: [{ format, ...(blend && { blend }) }] },
      primitive: { topology },
    });
  };
  const over: GPUBlendComponent = { srcFactor: "src-alpha", dstFactor: "one-minus-src-alpha" };
  const opaque: GPUBlendComponent = { srcFactor: "one", dstFactor: "one" };
  const [show, blobs] = await Promise.all([
    compile("demo/picture/show", showWgsl, ["cover", "paint"], "triangle-list"),
    compile("demo/picture/blobs", `${modelWgsl}\n${blobsWgsl}`, ["place", "fill"], "triangle-strip", {
      color: over,
      alpha: opaque,
    }),
  ]);
  return { show, blobs };
}

/** One canvas. */
export class View {
  readonly #device: GPUDevice;
  readonly #painters: Painters;
  readonly #surface: Surface;
  readonly #uniforms: GPUBuffer;
  #paint: ((pass: GPURenderPassEncoder) => void) | null = null;

  constructor(device: GPUDevice, painters: Painters, surface: Surface) {
    this.#device = device;
    this.#painters = painters;
    this.#surface = surface;
    this.#uniforms = device.createBuffer({
      label: "demo/picture/show",
      size: 8,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  /** What is drawn from now on: the goal itself when there is no model. */
  watch(goal: Goal, model: Model | null, mode: ShowMode): void {
    if (model && mode === "blobs") this.#watchBlobs(model);
    else this.#watchPicture(goal, model?.picture ?? goal.buffer, model !== null && mode === "error");
  }

  /** Forgets what it watches, which is about to be destroyed; the canvas keeps what it shows. */
  forget(): void {
    this.#paint = null;
  }

  draw(): void {
    // A surface may draw later, when there is something else to paint, or nothing any more.
    this.#surface.draw(({ encoder, texture }) => {
      if (!this.#paint) return;
      const view = texture.createView();
      const pass = encoder.beginRenderPass({
        colorAttachments: [{ view, loadOp: "clear", storeOp: "store", clearValue: CLEAR }],
      });
      this.#paint(pass);
      pass.end();
    });
  }

  #watchPicture({ size, buffer }: Goal, picture: GPUBuffer, asError: boolean): void {
    const { show } = this.#painters;
    this.#device.queue.writeBuffer(this.#uniforms, 0, Uint32Array.of(size, asError ? 1 : 0));
    const bindGroup = this.#bind(show, [this.#uniforms, picture, buffer]);
    this.#paint = (pass) => {
      pass.setPipeline(show);
      pass.setBindGroup(0, bindGroup);
      pass.draw(3);
    };
  }

  #watchBlobs({ header, gaussians, count }: Model): void {
    const { blobs } = this.#painters;
    const bindGroup = this.#bind(blobs, [header, gaussians]);
    this.#paint = (pass) => {
      pass.setPipeline(blobs);
      pass.setBindGroup(0, bindGroup);
      pass.draw(4, count);
    };
  }

  #bind(pipeline: GPURenderPipeline, buffers: GPUBuffer[]): GPUBindGroup {
    return this.#device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  }
}
