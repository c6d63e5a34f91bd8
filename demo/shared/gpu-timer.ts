// Measures GPU time of compute passes with timestamp queries. Must not know what the passes do.

const CAPACITY = 256;
const BYTES_PER_TIMESTAMP = 8;

/** Passes measured since the last read, and the GPU time that they took together. */
export type GpuTime = { passCount: number; totalMs: number };

/** Opens compute passes on a device and measures up to {@link CAPACITY} of them between two reads. */
export class GpuTimer {
  readonly #device: GPUDevice;
  readonly #querySet: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #readback: GPUBuffer;
  #passCount = 0;

  /** A timer, or null on a device without the feature `timestamp-query`. */
  static create(device: GPUDevice): GpuTimer | null {
    return device.features.has("timestamp-query") ? new GpuTimer(device) : null;
  }

  private constructor(device: GPUDevice) {
    const size = 2 * CAPACITY * BYTES_PER_TIMESTAMP;
    const label = "demo/gpu-timer";
    this.#device = device;
    this.#querySet = device.createQuerySet({ label, type: "timestamp", count: 2 * CAPACITY });
    this.#resolved = device.createBuffer({
      label,
      size,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    this.#readback = device.createBuffer({
      label,
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  /** Encodes and submits one compute pass, measured while there is room. */
  run(encode: (pass: GPUComputePassEncoder) => void): void {
    const encoder = this.#device.createCommandEncoder();
    const measured = this.#passCount < CAPACITY;
    const first = 2 * this.#passCount;
    const pass = encoder.beginComputePass(
      measured
        ? {
            timestampWrites: {
              querySet: this.#querySet,
              beginningOfPassWriteIndex: first,
              endOfPassWriteIndex: first + 1,
            },
          }
        : {},
    );
    encode(pass);
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
    if (measured) this.#passCount++;
  }

  /** The measurements since the last read. Start no other read before this one has ended. */
  async read(): Promise<GpuTime> {
    const passCount = this.#passCount;
    if (passCount === 0) return { passCount, totalMs: 0 };
    this.#passCount = 0;
    const bytes = 2 * passCount * BYTES_PER_TIMESTAMP;
    const encoder = this.#device.createCommandEncoder();
    encoder.resolveQuerySet(this.#querySet, 0, 2 * passCount, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#readback, 0, bytes);
    this.#device.queue.submit([encoder.finish()]);
    await this.#readback.mapAsync(GPUMapMode.READ, 0, bytes);
    const stamps = new BigUint64Array(this.#readback.getMappedRange(0, bytes).slice(0));
    this.#readback.unmap();
    let totalMs = 0;
    for (let index = 0; index < passCount; index++) {
      // The clock may be reset between the two stamps of a pass; such a pass counts as 0.
      const begin = stamps[2 * index]!;
      const end = stamps[2 * index + 1]!;
      if (end > begin) totalMs += Number(end - begin) / 1e6;
    }
    return { passCount, totalMs };
  }

  destroy(): void {
    this.#querySet.destroy();
    this.#resolved.destroy();
    this.#readback.destroy();
  }
}
