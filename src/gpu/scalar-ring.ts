// Host scalars of recorded steps. `queue.writeBuffer` is not ordered inside an open encoder, and nothing tells when a
// caller submits, so that every recorded step owns a slot until the ring has come round.
import { COPY_DST, UNIFORM } from "./usage.js";

/** Steps that may be recorded before the first of them is submitted. */
export const RING_STEPS = 4096;

/** A uniform buffer with a slot for each of the last {@link RING_STEPS} steps of one group. */
export class ScalarRing {
  readonly buffer: GPUBuffer;
  /** Bytes that a bind group covers; the slot is chosen by dynamic offset. */
  readonly slotBytes: number;
  readonly #stride: number;
  readonly #staging: Float32Array<ArrayBuffer>;
  #next = 0;

  constructor(
    readonly device: GPUDevice,
    scalarCount: number,
    label: string,
  ) {
    this.slotBytes = Math.ceil((scalarCount * 4) / 16) * 16;
    const alignment = device.limits.minUniformBufferOffsetAlignment;
    this.#stride = Math.ceil(this.slotBytes / alignment) * alignment;
    this.#staging = new Float32Array(this.slotBytes / 4);
    this.buffer = device.createBuffer({ label, size: this.#stride * RING_STEPS, usage: UNIFORM | COPY_DST });
  }

  /** The floats that the next {@link push} uploads. */
  get staging(): Float32Array {
    return this.#staging;
  }

  /** Uploads the staged scalars into the next slot; returns its dynamic offset. */
  push(): number {
    const offset = this.#next * this.#stride;
    this.#next = (this.#next + 1) % RING_STEPS;
    this.device.queue.writeBuffer(this.buffer, offset, this.#staging);
    return offset;
  }
}
