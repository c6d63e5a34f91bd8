// The fixture of every GPU test: a device, buffers that are destroyed afterwards, and error scopes around the whole
// test. Whatever a scope or the device reports fails the test.
import { afterAll, expect, test } from "vitest";

const USAGE = () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

/** A device with the default limits, as most users have. Fails loudly without an adapter. */
export async function requestDevice(descriptor: GPUDeviceDescriptor = {}): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("no WebGPU adapter: the GPU tests cannot run, and must not be skipped");
  return adapter.requestDevice(descriptor);
}

/** Buffers of one test. */
export class Gpu {
  readonly uncaptured: string[] = [];
  readonly #buffers: GPUBuffer[] = [];

  constructor(readonly device: GPUDevice) {}

  /** A storage buffer that holds these values, or so many zeros. */
  buffer(content: ArrayLike<number> | number, usage: number = USAGE()): GPUBuffer {
    const length = typeof content === "number" ? content : content.length;
    const buffer = this.device.createBuffer({ size: length * 4, usage });
    this.#buffers.push(buffer);
    if (typeof content !== "number") this.write(buffer, content);
    return buffer;
  }

  /** Registers a buffer made elsewhere for destruction. */
  own(buffer: GPUBuffer): GPUBuffer {
    this.#buffers.push(buffer);
    return buffer;
  }

  /** Writes values from an element on. */
  write(buffer: GPUBuffer, values: ArrayLike<number>, element = 0): void {
    this.device.queue.writeBuffer(buffer, element * 4, Float32Array.from(values));
  }

  /** The floats of a buffer, or of part of it, after all that was submitted. */
  async read(buffer: GPUBuffer, element = 0, length = buffer.size / 4 - element): Promise<Float32Array> {
    if (length === 0) return new Float32Array(0);
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = this.device.createBuffer({ size: length * 4, usage });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, element * 4, staging, 0, length * 4);
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const floats = new Float32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return floats;
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }
}

let shared: GPUDevice | undefined;
const uncaptured: string[] = [];

async function sharedDevice(): Promise<GPUDevice> {
  if (!shared) {
    shared = await requestDevice();
    shared.addEventListener("uncapturederror", (event) => uncaptured.push(event.error.message));
  }
  return shared;
}

afterAll(() => {
  shared?.destroy();
  shared = undefined;
});

/** `it` with a device under error scopes: `it("…", async ({ gpu }) => …)`. */
export const it = test.extend<{ gpu: Gpu }>({
  // Vitest reads the fixtures that this one needs off the pattern: none.
  // eslint-disable-next-line no-empty-pattern
  gpu: async ({}, use) => {
    const device = await sharedDevice();
    uncaptured.length = 0;
    for (const filter of ["validation", "out-of-memory", "internal"] as const) device.pushErrorScope(filter);
    const gpu = new Gpu(device);
    await use(gpu);
    const errors = await Promise.all([
      device.popErrorScope(),
      device.popErrorScope(),
      device.popErrorScope(),
    ]);
    gpu.destroy();
    const messages = [...errors.flatMap((error) => (error ? [error.message] : [])), ...uncaptured];
    expect(messages, "errors that the device reported during the test").toEqual([]);
  },
});
