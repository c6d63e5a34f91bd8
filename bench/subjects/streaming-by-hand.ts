// Streaming kernels written by hand: whole vec4 of one tensor, in many shapes that share their buffers.
import type { Entrant } from "../rows";
import { ruleOf, slotsOf } from "../rules";
import { NotMeasurableError, type Runner } from "../runner";
import { fill, peek, withMemory } from "../tensors";
import { byHandWgsl, type StateForm } from "./streaming-wgsl";

/** A shape of the kernel: lanes of a workgroup, vec4 of each lane, and where the state is. */
export type Shape = { workgroupSize: number; vectors: number; form: StateForm };

/** The shapes that are tried: from one vec4 for each invocation, as hardware likes it, to long runs, as software does. */
export const SHAPES: readonly Shape[] = (["interleaved", "apart"] as const).flatMap((form) =>
  [64, 128, 256].flatMap((workgroupSize) =>
    [1, 4, 16, 128].map((vectors) => ({ workgroupSize, vectors, form })),
  ),
);

const nameOf = ({ workgroupSize, vectors, form }: Shape): string =>
  `by hand: ${workgroupSize} × ${vectors} vec4, state ${form}`;

const LABEL = "bench/streaming";

/** The buffers of one tensor, as large as all tensors of an entrant together, and kernels over them. */
export class ByHand {
  readonly #device: GPUDevice;
  readonly #slotCount: number;
  readonly #params: GPUBuffer;
  readonly #grads: GPUBuffer;
  readonly #states: Record<StateForm, readonly GPUBuffer[]>;

  private constructor(
    device: GPUDevice,
    params: GPUBuffer,
    grads: GPUBuffer,
    states: Record<StateForm, readonly GPUBuffer[]>,
  ) {
    this.#device = device;
    this.#params = params;
    this.#grads = grads;
    this.#states = states;
    this.#slotCount = states.apart.length;
    for (const buffer of this.#buffers()) fill(device, buffer);
  }

  /** @throws {NotMeasurableError} for separate tensors, lengths that are no whole vec4, and more than can be bound */
  static async create(device: GPUDevice, { rule, parameters, tensors, layout }: Entrant): Promise<ByHand> {
    if (parameters % 4 !== 0 || (tensors > 1 && layout === "separate")) {
      throw new NotMeasurableError("the kernel written by hand needs one run of whole vec4");
    }
    const slots = slotsOf(ruleOf(rule)).length;
    const size = 4 * parameters;
    const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
    if (size * Math.max(1, slots) > Math.min(maxStorageBufferBindingSize, maxBufferSize)) {
      throw new NotMeasurableError("the kernel written by hand binds each buffer at once");
    }
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    return withMemory(device, () => {
      const buffer = (bytes: number) => device.createBuffer({ label: LABEL, size: bytes, usage });
      return new ByHand(device, buffer(size), buffer(size), {
        interleaved: slots === 0 ? [] : [buffer(slots * size)],
        apart: Array.from({ length: slots }, () => buffer(size)),
      });
    });
  }

  /** Those of the shapes that differ here: without state, it lies nowhere. */
  shapes(all: readonly Shape[]): Shape[] {
    return all.filter(({ form }) => this.#slotCount > 1 || form === "interleaved");
  }

  /** A runner over the shared buffers; its `destroy` frees them for all. */
  async runner(shape: Shape): Promise<Runner> {
    const device = this.#device;
    const { workgroupSize, vectors, form } = shape;
    const module = device.createShaderModule({ label: LABEL, code: byHandWgsl(this.#slotCount, form) });
    const constants = { WORKGROUP_SIZE: workgroupSize, VECTORS: vectors };
    const pipeline = await device.createComputePipelineAsync({
      label: LABEL,
      layout: "auto",
      compute: { module, entryPoint: "stream", constants },
    });
    const buffers = [this.#params, this.#grads, ...this.#states[form]];
    const bindGroup = device.createBindGroup({
      label: LABEL,
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const workgroups = Math.ceil(this.#params.size / 16 / (workgroupSize * vectors));
    const y = Math.ceil(workgroups / device.limits.maxComputeWorkgroupsPerDimension);
    const x = Math.ceil(workgroups / y);
    const encode = (pass: GPUComputePassEncoder) => {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(x, y);
    };
    return {
      kernel: nameOf(shape),
      encode,
      step() {
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        encode(pass);
        pass.end();
        device.queue.submit([encoder.finish()]);
      },
      finished: () => device.queue.onSubmittedWorkDone(),
      peek: () => peek(device, this.#params, this.#params.size / 4),
      destroy: () => {
        this.destroy();
      },
    };
  }

  destroy(): void {
    for (const buffer of this.#buffers()) buffer.destroy();
  }

  #buffers(): GPUBuffer[] {
    return [this.#params, this.#grads, ...this.#states.interleaved, ...this.#states.apart];
  }
}
