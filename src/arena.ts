// ParameterArena: named tensors in one parameter buffer and one gradient buffer, so that a group of them steps in one
// dispatch.
import { DeviceError, ParameterError, UsageError, show } from "./errors.js";
import { SLICE_ALIGNMENT, registerArenaBuffer, trackedParameter } from "./gpu/arenas.js";
import { refuseLost, underScopes, watchDevice, type DeviceFailure } from "./gpu/error-scopes.js";
import type { Parameter } from "./gpu/tensor.js";
import { COPY_DST, COPY_SRC, MAP_READ, STORAGE } from "./gpu/usage.js";

/** Bindings of one tensor, for the caller's own kernels; offsets are multiples of 256 bytes. */
export type ArenaBindings = { param: GPUBufferBinding; grad: GPUBufferBinding };

type Slice = { shape: readonly number[]; length: number; offset: number };

/**
 * Memory for the parameters and gradients of a model.
 *
 * The named tensors lie in one parameter buffer and one gradient buffer, zero-filled, in the order of `shapes`; each
 * slice begins at a multiple of 256 bytes, so that it can be bound by itself. The padding between slices is the
 * arena's own: adjacent slices of one group are stepped as one span, the padding with them.
 *
 * @example
 * const arena = new ParameterArena(device, { "fc.weight": [256, 784], "fc.bias": [256] });
 * arena.write("fc.weight", initial);
 * const optimizer = await Optimizer.create(device, arena.parameters, adam());
 * // bind arena.get("fc.weight").param and .grad in your own kernels, then optimizer.step()
 */
export class ParameterArena {
  /** One parameter per tensor, to be handed to `Optimizer.create`, whole or in groups. */
  readonly parameters: Parameter[];
  /** Rejects when the memory was not to be had; `Optimizer.create` awaits it. */
  readonly ready: Promise<void>;
  /** Every parameter; usage STORAGE, COPY_SRC and COPY_DST. */
  readonly paramBuffer: GPUBuffer;
  /** Every gradient, at the same offsets; usage STORAGE, COPY_SRC and COPY_DST. */
  readonly gradBuffer: GPUBuffer;
  readonly #device: GPUDevice;
  readonly #slices = new Map<string, Slice>();
  #destroyed = false;

  /**
   * @param shapes by name: dimensions in elements of float32; [] is a scalar, a dimension of 0 an empty tensor
   * @throws {ParameterError} no tensors, an illegal shape, or more bytes than the device's `maxBufferSize`
   */
  constructor(device: GPUDevice, shapes: Record<string, readonly number[]>) {
    this.#device = device;
    let size = 0;
    for (const [name, shape] of Object.entries(shapes)) {
      const length = lengthOf(name, shape);
      this.#slices.set(name, { shape: [...shape], length, offset: size });
      size = Math.ceil((size + length * 4) / SLICE_ALIGNMENT) * SLICE_ALIGNMENT;
    }
    if (this.#slices.size === 0)
      throw new ParameterError("ParameterArena: shapes is empty; name at least one tensor");
    const { maxBufferSize } = device.limits;
    if (size > maxBufferSize) {
      throw new ParameterError(
        `ParameterArena: ${size} bytes of parameters exceed the device's maxBufferSize of ${maxBufferSize}; request a ` +
          "larger limit (deviceRequirements) or use several arenas",
      );
    }
    const { value, error } = underScopes(device, () => {
      const create = (label: string) =>
        device.createBuffer({
          label: `webgpu-optim/arena/${label}`,
          size: Math.max(size, SLICE_ALIGNMENT),
          usage: STORAGE | COPY_SRC | COPY_DST,
        });
      return { params: create("params"), grads: create("grads") };
    });
    this.paramBuffer = value.params;
    this.gradBuffer = value.grads;
    this.ready = this.#available(error, size);
    // Whoever awaits `ready` sees the rejection; nobody has to.
    this.ready.catch(() => undefined);
    const sliceEnds = new Set([...this.#slices.values()].map(({ offset, length }) => offset + length * 4));
    registerArenaBuffer(this.paramBuffer, { ready: this.ready, sliceEnds });
    registerArenaBuffer(this.gradBuffer, { ready: this.ready, sliceEnds });
    const assignments = { count: 0 };
    this.parameters = [...this.#slices.keys()].map((name) =>
      trackedParameter(name, this.get(name), assignments),
    );
  }

  /** The bindings of a tensor. @throws {ParameterError} for an unknown name */
  get(name: string): ArenaBindings {
    const { offset, length } = this.#slice(name);
    const size = length * 4;
    return {
      param: { buffer: this.paramBuffer, offset, size },
      grad: { buffer: this.gradBuffer, offset, size },
    };
  }

  /** The dimensions of a tensor, in elements. @throws {ParameterError} for an unknown name */
  shape(name: string): readonly number[] {
    return this.#slice(name).shape;
  }

  /**
   * Writes the values of a tensor, ordered on the queue as `queue.writeBuffer` is.
   * @param data as many numbers as the tensor has elements
   * @throws {ParameterError} for an unknown name or another length
   */
  write(name: string, data: ArrayLike<number>): void {
    if (this.#destroyed) refuseDestroyed("write");
    refuseLost(this.#device, `ParameterArena.write("${name}")`);
    const { offset, length } = this.#slice(name);
    if (data.length !== length) {
      throw new ParameterError(
        `ParameterArena: "${name}" has ${length} elements, the data has ${data.length}`,
      );
    }
    const floats = new Float32Array(length);
    floats.set(data);
    this.#device.queue.writeBuffer(this.paramBuffer, offset, floats);
  }

  /**
   * Reads the values of a tensor, as they are after the work submitted so far.
   * @throws {ParameterError} for an unknown name
   * @throws {DeviceError} when the device is lost
   */
  async read(name: string): Promise<Float32Array> {
    if (this.#destroyed) refuseDestroyed("read");
    refuseLost(this.#device, `ParameterArena.read("${name}")`);
    const { offset, length } = this.#slice(name);
    if (length === 0) return new Float32Array(0);
    const device = this.#device;
    const size = length * 4;
    const { value: staging, error } = underScopes(device, () => {
      const buffer = device.createBuffer({
        label: "webgpu-optim/arena/read",
        size,
        usage: MAP_READ | COPY_DST,
      });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(this.paramBuffer, offset, buffer, 0, size);
      device.queue.submit([encoder.finish()]);
      return { buffer, mapped: buffer.mapAsync(1 /* GPUMapMode.READ */) };
    });
    try {
      await staging.mapped;
      // Mapping succeeds even where the copy was refused, and shows zeros.
      const failure = await error;
      if (failure) throw new Error(failure.message);
      return new Float32Array(staging.buffer.getMappedRange().slice(0));
    } catch (cause) {
      const reason = (await error)?.message ?? (cause instanceof Error ? cause.message : String(cause));
      throw new DeviceError(`ParameterArena: "${name}" could not be read: ${reason}`, { cause });
    } finally {
      staging.buffer.destroy();
    }
  }

  /** Frees both buffers. */
  destroy(): void {
    this.#destroyed = true;
    this.paramBuffer.destroy();
    this.gradBuffer.destroy();
  }

  /** Settles when it is known whether the memory is there. */
  async #available(error: Promise<DeviceFailure | undefined>, size: number): Promise<void> {
    await watchDevice(this.#device);
    refuseLost(this.#device, "ParameterArena");
    const failure = await error;
    if (failure) {
      throw new DeviceError(`ParameterArena: ${size} bytes, twice, could not be had: ${failure.message}`);
    }
  }

  #slice(name: string): Slice {
    const slice = this.#slices.get(name);
    if (!slice) {
      throw new ParameterError(
        `ParameterArena: there is no "${name}"; known: ${[...this.#slices.keys()].join(", ")}`,
      );
    }
    return slice;
  }
}

function refuseDestroyed(call: string): never {
  throw new UsageError(`ParameterArena: ${call}() was called after destroy()`);
}

function lengthOf(name: string, shape: readonly number[]): number {
  if (!Array.isArray(shape) || shape.some((dimension) => !Number.isSafeInteger(dimension) || dimension < 0)) {
    throw new ParameterError(
      `ParameterArena: the shape of "${name}" must be integers of at least 0, got ${show(shape)}`,
    );
  }
  return (shape as readonly number[]).reduce((product, dimension) => product * dimension, 1);
}
