// Shows goal and models on canvases, straight from the GPU's buffers. Must not know how they are computed.
import blobsWgsl from "./shaders/blobs.wgsl?raw";
import modelWgsl from "./shaders/model.wgsl?raw";
import showWgsl from "./shaders/show.wgsl?raw";
import type { Goal, Model } from "./model";
import { type Surface, surfaceFormat, surfaceOf } from "./surface";

export type ShowMode = "picture" | "blobs" | "error";

export type Painters = { show: GPURenderPipeline; blobs: GPURenderPipeline };

/** Compiles what views paint with, once for a device. */
export async function compilePainters(device: GPUDevice): Promise<Painters> {
  const format = surfaceFormat(device);
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
  #draw: (pass: GPURenderPassEncoder) => void = () => undefined;

  constructor(device: GPUDevice, painters: Painters, canvas: HTMLCanvasElement) {
    this.#device = device;
    this.#painters = painters;
    this.#surface = surfaceOf(device, canvas);
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
    this.#surface.draw(this.#draw);
  }

  /** Stops watching: what is watched is about to be destroyed. The canvas keeps what it shows. */
  forget(): void {
    this.#surface.cancel();
    this.#draw = () => undefined;
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
