// The caller's buffers: from a GPUBuffer or GPUBufferBinding to a checked range of bytes.
import { ParameterError, show } from "../errors.js";
import type { MemoryRange } from "../range-index.js";
import { COPY_DST, STORAGE } from "./usage.js";

/** Bytes of a GPU buffer. */
export type BufferRange = MemoryRange<GPUBuffer>;

/** A buffer, or part of one, as the caller gives it. */
export type BufferSource = GPUBuffer | GPUBufferBinding;

function isBuffer(value: unknown): value is GPUBuffer {
  return (
    typeof value === "object" && value !== null && "mapState" in value && "usage" in value && "size" in value
  );
}

/** Whether a range is still what the caller's source says: cheap enough to be asked at every step. */
export function isSameRange(range: BufferRange, source: BufferSource): boolean {
  if (range.buffer === source) return range.offset === 0 && range.size === range.buffer.size;
  const { buffer, offset, size } = (source as GPUBufferBinding | null | undefined) ?? {};
  return (
    range.buffer === buffer &&
    range.offset === (offset ?? 0) &&
    (size === undefined ? range.offset + range.size === range.buffer.size : range.size === size)
  );
}

/**
 * The bytes that a source names.
 * @param what how messages call it, such as `param of "conv.bias"`
 * @throws {ParameterError} unless it is an unmapped storage buffer and a range of whole float32 inside it
 */
export function resolveRange(source: BufferSource, what: string): BufferRange {
  const given: unknown = source;
  const binding = isBuffer(given)
    ? { buffer: given }
    : (given as Partial<GPUBufferBinding> | null | undefined);
  const buffer = binding?.buffer;
  if (!isBuffer(buffer)) {
    throw new ParameterError(
      `${what} must be a GPUBuffer or a { buffer, offset, size } of one, got ${show(source)}`,
    );
  }
  const offset = binding?.offset ?? 0;
  const size = binding?.size ?? buffer.size - offset;
  const label = buffer.label ? ` (buffer "${buffer.label}")` : "";
  if ((buffer.usage & STORAGE) === 0) {
    throw new ParameterError(
      `${what}${label} lacks the usage STORAGE; create the buffer with GPUBufferUsage.STORAGE`,
    );
  }
  if (buffer.mapState !== "unmapped") {
    throw new ParameterError(`${what}${label} is mapped (mapState "${buffer.mapState}"); call unmap() first`);
  }
  checkBytes("offset", offset, `${what}${label}`);
  if (offset > buffer.size) {
    throw new ParameterError(
      `${what}${label}: offset ${offset} is past the end of its buffer of ${buffer.size} bytes`,
    );
  }
  checkBytes("size", size, `${what}${label}`);
  if (offset + size > buffer.size) {
    throw new ParameterError(
      `${what}${label} ends at byte ${offset + size} (offset ${offset} + size ${size}), past the end of its buffer ` +
        `of ${buffer.size} bytes`,
    );
  }
  return { buffer, offset, size };
}

function checkBytes(name: string, value: number, what: string): void {
  if (Number.isSafeInteger(value) && value >= 0 && value % 4 === 0) return;
  throw new ParameterError(`${what}: ${name} must be a multiple of 4 bytes, at least 0, got ${show(value)}`);
}

/**
 * @throws {ParameterError} when a gradient cannot be cleared
 */
export function checkClearable(grad: BufferRange, what: string): void {
  if ((grad.buffer.usage & COPY_DST) === 0) {
    throw new ParameterError(
      `zeroGrad: ${what} lacks the usage COPY_DST; create the buffer with GPUBufferUsage.COPY_DST`,
    );
  }
}
