// Shows goal and models on canvases, straight from the GPU's buffers. Must not know how they are computed.
import blobsWgsl from "./shaders/blobs.wgsl?raw";
import modelWgsl from "./shaders/model.wgsl?raw";
import showWgsl from "./shaders/show.wgsl?raw";
import type { Goal, Model } from "./model";

export type ShowMode = "picture" | "blobs" | "error";

export type Painters = { format: GPUTextureFormat; show: GPURenderPipeline; blobs: GPURenderPipeline };

/** Behind what is drawn: the background of model.wgsl. */
const CLEAR = { r: 0.5, g: 0.5, b: 0.5, a: 1 };

/** Compiles what views paint with, once for a device. */
export async function compilePainters(device: GPUDevice): Promise<Painters> {
  const format = navigator.gpu.getPreferredCanvasFormat();
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
  return { format, show, blobs };
}

/** One canvas. */
export class View {
  readonly #device: GPUDevice;
  readonly #painters: Painters;
  readonly #context: GPUCanvasContext;
  readonly #uniforms: GPUBuffer;
  #draw: (pass: GPURenderPassEncoder) => void = () => undefined;

  constructor(device: GPUDevice, painters: Painters, canvas: HTMLCanvasElement) {
    const context = canvas.getContext("webgpu");
    if (!context) throw new Error("The browser gives no canvas for WebGPU");
    context.configure({ device, format: painters.format, alphaMode: "opaque" });
    this.#device = device;
    this.#painters = painters;
    this.#context = context;
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

  draw(): void {
    const encoder = this.#device.createCommandEncoder();
    const view = this.#context.getCurrentTexture().createView();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view, loadOp: "clear", storeOp: "store", clearValue: CLEAR }],
    });
    this.#draw(pass);
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
  }

  #watchPicture({ size, buffer }: Goal, picture: GPUBuffer, asError: boolean): void {
    const { show } = this.#painters;
    this.#device.queue.writeBuffer(this.#uniforms, 0, Uint32Array.of(size, asError ? 1 : 0));
    const bindGroup = this.#bind(show, [this.#uniforms, picture, buffer]);
    this.#draw = (pass) => {
      pass.setPipeline(show);
      pass.setBindGroup(0, bindGroup);
      pass.draw(3);
    };
  }

  #watchBlobs({ header, gaussians, count }: Model): void {
    const { blobs } = this.#painters;
    const bindGroup = this.#bind(blobs, [header, gaussians]);
    this.#draw = (pass) => {
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
