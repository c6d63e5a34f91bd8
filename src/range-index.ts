// Which ranges of memory overlap. Knows GPU buffers as little as arrays: B is whatever memory is counted in bytes from.
import { ParameterError } from "./errors.js";

/** Bytes of some memory. */
export type MemoryRange<B extends object> = { buffer: B; offset: number; size: number };

/** Ranges with a name each, to be asked which of them a further range overlaps. */
export class RangeIndex<B extends object> {
  readonly #byBuffer = new Map<B, { start: number; end: number; name: string }[]>();

  /** Adds a range unless it overlaps one that is there; returns the name of that one. */
  add(range: MemoryRange<B>, name: string): string | undefined {
    if (range.size === 0) return undefined;
    const overlapped = this.overlapping(range);
    if (overlapped !== undefined) return overlapped;
    const ranges = this.#byBuffer.get(range.buffer) ?? [];
    if (ranges.length === 0) this.#byBuffer.set(range.buffer, ranges);
    const entry = { start: range.offset, end: range.offset + range.size, name };
    ranges.splice(firstEndingAfter(ranges, range.offset), 0, entry);
    return undefined;
  }

  /** The name of a range that shares bytes with this one. */
  overlapping({ buffer, offset, size }: MemoryRange<B>): string | undefined {
    if (size === 0) return undefined;
    const ranges = this.#byBuffer.get(buffer);
    if (!ranges) return undefined;
    const candidate = ranges[firstEndingAfter(ranges, offset)];
    return candidate && candidate.start < offset + size ? candidate.name : undefined;
  }
}

/** Index of the first of sorted, disjoint ranges that ends after `offset`. */
function firstEndingAfter(ranges: readonly { end: number }[], offset: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.end > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** @throws {ParameterError} when two parameters share memory; returns an index of them */
export function indexParams<B extends object>(
  params: Iterable<{ name: string; param: MemoryRange<B> }>,
): RangeIndex<B> {
  const index = new RangeIndex<B>();
  for (const { name, param } of params) {
    const overlapped = index.add(param, name);
    if (overlapped !== undefined) {
      throw new ParameterError(
        `param of "${name}" overlaps the param of "${overlapped}"; each may be stepped once`,
      );
    }
  }
  return index;
}

/** @throws {ParameterError} when a gradient lies over a parameter, which the step would then change under it */
export function refuseOverlap<B extends object>(
  params: RangeIndex<B>,
  name: string,
  grad: MemoryRange<B>,
): void {
  const overlapped = params.overlapping(grad);
  if (overlapped === undefined) return;
  const whose = overlapped === name ? "its own param" : `the param of "${overlapped}"`;
  throw new ParameterError(`grad of "${name}" overlaps ${whose}; gradients must lie in memory of their own`);
}
