// Buffers of a case, and reading them back.
import { COPY_DST, COPY_SRC, MAP_READ, STORAGE } from "../gpu/usage.js";

/** GPUMapMode.READ. */
const MAP_MODE_READ = 1;

/** Makes buffers and destroys them all at the end. */
export class Scratch {
  readonly #buffers: GPUBuffer[] = [];
  constructor(readonly device: GPUDevice) {}

  /** A storage buffer that holds these values, or so many zeros. */
  buffer(content: Float32Array<ArrayBuffer> | number): GPUBuffer {
    const length = typeof content === "number" ? content : content.length;
    const usage = STORAGE | COPY_SRC | COPY_DST;
    const buffer = this.device.createBuffer({ label: "webgpu-optim/conformance", size: length * 4, usage });
    this.#buffers.push(buffer);
    if (typeof content !== "number") this.device.queue.writeBuffer(buffer, 0, content);
    return buffer;
  }

  /** The floats of a buffer after all that was submitted. */
  async read(buffer: GPUBuffer): Promise<Float32Array<ArrayBuffer>> {
    if (buffer.size === 0) return new Float32Array(0);
    const staging = this.device.createBuffer({ size: buffer.size, usage: MAP_READ | COPY_DST });
    this.#buffers.push(staging);
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_MODE_READ);
    return new Float32Array(staging.getMappedRange().slice(0));
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }
}
