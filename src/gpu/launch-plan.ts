// Decides which dispatches step the tensors of one group that share a parameter buffer: where their state lies, which
// runs merge, what each workgroup does, and which windows of the buffers are bound. Numbers in, numbers out: it makes
// no GPU object and does not know what a rule is.
import { BLOCK_LENGTH, BLOCK_STRUCTS, SLOT_BYTES, structCount } from "./state-layout.js";

/** A tensor among the parameters. */
export type TensorRange = {
  /** Where it begins in their buffer, in bytes. */
  offset: number;
  /** Elements. */
  length: number;
  /** Where the padding behind it ends that may be stepped along with it, in bytes; its own end when there is none. */
  paddedEnd: number;
};

/** A run of one tensor's elements whose state lies in one piece. */
export type StatePiece = {
  /** Index of the tensor. */
  tensor: number;
  /** First element of the run, counted in the tensor. */
  first: number;
  length: number;
  /** Elements up to where the next piece may follow: the length, and the padding behind it if that is ours. */
  extent: number;
  /** Index of the state buffer. */
  buffer: number;
  /** First State struct in that buffer. */
  struct: number;
};

/** Where the state of every tensor lies. It depends on the parameters alone, so that gradients may move. */
export type StatePlacement = { pieces: StatePiece[]; bufferBytes: number[] };

/**
 * Places the state of tensors that are sorted by offset.
 * @param maxBytes the most that one state buffer may hold
 */
export function placeStates(
  tensors: readonly TensorRange[],
  slotCount: number,
  maxBytes: number,
): StatePlacement {
  // Without state there is nothing to place, but large tensors are cut into pieces all the same.
  const structBytes = Math.max(slotCount, 1) * SLOT_BYTES;
  const blockBytes = structBytes * BLOCK_STRUCTS;
  const capacity = Math.floor(maxBytes / blockBytes) * BLOCK_STRUCTS;
  const pieces: StatePiece[] = [];
  const bufferStructs: number[] = [];
  let used = capacity;
  tensors.forEach(({ offset, length, paddedEnd }, tensor) => {
    const total = tensors[tensor + 1]?.offset === paddedEnd ? (paddedEnd - offset) / 4 : length;
    for (let first = 0; first < length;) {
      if (capacity - used < Math.min(BLOCK_STRUCTS, structCount(total - first))) {
        used = 0;
        bufferStructs.push(0);
      }
      const room = Math.floor((capacity - used) / BLOCK_STRUCTS) * BLOCK_LENGTH;
      const fits = structCount(total - first) <= capacity - used;
      const extent = fits ? total - first : room;
      const buffer = bufferStructs.length - 1;
      pieces.push({ tensor, first, length: Math.min(extent, length - first), extent, buffer, struct: used });
      used += structCount(extent);
      bufferStructs[buffer] = used;
      first += extent;
    }
  });
  return {
    pieces,
    bufferBytes: slotCount === 0 ? [] : bufferStructs.map((structs) => structs * structBytes),
  };
}

/** Where the gradient of a tensor is: which of the distinct gradient buffers, from which byte on. */
export type GradientRange = {
  /** Index among the distinct gradient buffers. */
  buffer: number;
  offset: number;
  /** Where the padding behind it ends that may be read along with it, in bytes. */
  paddedEnd: number;
  /** Whether it is the parameter buffer itself. */
  shared: boolean;
};

/** Part of a buffer, in bytes. */
export type Window = { start: number; end: number };

/** One dispatch: what to bind, and a row of the segment table for each workgroup. */
export type Dispatch = {
  /** Parameters and gradients are in one buffer: `param` covers both and `grad` is the same window. */
  shared: boolean;
  /** Index among the distinct gradient buffers. */
  gradBuffer: number;
  stateBuffer: number;
  param: Window;
  grad: Window;
  /**
   * Per workgroup: first element of the parameters and of the gradients in their windows, first State, length, and the
   * row among {@link rowsOfPieces} that is its own, however the gradients lie.
   */
  segments: Uint32Array<ArrayBuffer>;
};

/** What bounds a dispatch. */
export type LaunchLimits = {
  /** The largest binding, in bytes. */
  maxBindingBytes: number;
  /** Bindings begin at multiples of this many bytes. */
  alignment: number;
  /** Elements that a workgroup steps at most: a multiple of the block length. */
  chunkLength: number;
  /** Whether tensors that lie next to each other may be stepped as one. */
  merges: boolean;
};

/** A run of elements that lie next to each other in parameters, gradients and state. */
type Span = {
  piece: StatePiece;
  param: number;
  grad: GradientRange;
  gradOffset: number;
  length: number;
  row: number;
};

/** Words of a row of the segment table. */
export const SEGMENT_WORDS = 5;

/** For each piece the first of the rows, one a workgroup, that its steps need at most; then the row after the last. */
export function rowsOfPieces(pieces: readonly StatePiece[], chunkLength: number, firstRow = 0): number[] {
  let row = firstRow;
  return [row, ...pieces.map(({ length }) => (row += Math.ceil(length / chunkLength)))];
}

/**
 * The dispatches for one assignment of gradients.
 * @param gradients one per tensor
 * @param rows of the pieces ({@link rowsOfPieces})
 * @returns the dispatches, or the index of a tensor whose parameters and gradients lie too far apart in one buffer
 */
export function planDispatches(
  tensors: readonly TensorRange[],
  gradients: readonly GradientRange[],
  placement: StatePlacement,
  limits: LaunchLimits,
  rows: readonly number[] = rowsOfPieces(placement.pieces, limits.chunkLength),
): Dispatch[] | { tooFarApart: number } {
  const windows = new DispatchBuilder(limits);
  for (const span of spansOf(tensors, gradients, placement, rows, limits.merges)) {
    for (let first = 0; first < span.length; first += limits.chunkLength) {
      const length = Math.min(limits.chunkLength, span.length - first);
      const row = span.row + first / limits.chunkLength;
      if (!windows.add(span, first, length, row)) return { tooFarApart: span.piece.tensor };
    }
  }
  return windows.finish();
}

function spansOf(
  tensors: readonly TensorRange[],
  gradients: readonly GradientRange[],
  { pieces }: StatePlacement,
  rows: readonly number[],
  merges: boolean,
): Span[] {
  const spans: Span[] = [];
  let last: StatePiece | undefined;
  for (const [index, piece] of pieces.entries()) {
    const grad = gradients[piece.tensor]!;
    const param = tensors[piece.tensor]!.offset + piece.first * 4;
    const gradOffset = grad.offset + piece.first * 4;
    const span = spans.at(-1);
    if (
      span &&
      last &&
      merges &&
      stateFollows(last, piece) &&
      memoryFollows(last, piece, tensors, gradients)
    ) {
      span.length = (param - span.param) / 4 + piece.length;
    } else {
      spans.push({ piece, param, grad, gradOffset, length: piece.length, row: rows[index]! });
    }
    last = piece;
  }
  return spans;
}

/** Whether the state of `next` begins where that of `piece` ends, on a boundary between blocks. */
function stateFollows(piece: StatePiece, next: StatePiece): boolean {
  return (
    piece.buffer === next.buffer &&
    piece.extent % BLOCK_LENGTH === 0 &&
    piece.struct + structCount(piece.extent) === next.struct
  );
}

/** Whether parameters and gradients of `next` begin where those of `piece`, and the padding behind them, end. */
function memoryFollows(
  piece: StatePiece,
  next: StatePiece,
  tensors: readonly TensorRange[],
  gradients: readonly GradientRange[],
): boolean {
  const begin = (ranges: readonly { offset: number }[], { tensor, first }: StatePiece) =>
    ranges[tensor]!.offset + first * 4;
  const [grad, nextGrad] = [gradients[piece.tensor]!, gradients[next.tensor]!];
  const gradEnd = begin(gradients, piece) + piece.length * 4;
  return (
    begin(tensors, next) === begin(tensors, piece) + piece.extent * 4 &&
    grad.buffer === nextGrad.buffer &&
    begin(gradients, next) === (piece.extent === piece.length ? gradEnd : grad.paddedEnd) &&
    begin(gradients, next) - begin(gradients, piece) === piece.extent * 4
  );
}

type Row = { param: number; grad: number; struct: number; length: number; row: number };
type Open = Omit<Dispatch, "segments"> & { rows: Row[] };

/** Gathers rows into dispatches whose windows stay within the limits. */
class DispatchBuilder {
  readonly #done: Open[] = [];
  /** The dispatch to extend, by gradient and state buffer. */
  readonly #open = new Map<string, Open>();
  constructor(readonly limits: LaunchLimits) {}

  /** False when the row cannot be bound at all. */
  add(span: Span, first: number, length: number, row: number): boolean {
    const struct = span.piece.struct + (first / BLOCK_LENGTH) * BLOCK_STRUCTS;
    const added = { param: span.param + first * 4, grad: span.gradOffset + first * 4, struct, length, row };
    const { shared, buffer: gradBuffer } = span.grad;
    const { buffer: stateBuffer } = span.piece;
    const key = `${gradBuffer}/${stateBuffer}`;
    const open = this.#open.get(key);
    if (open && this.#extend(open, added)) return true;
    const none = { start: Infinity, end: 0 };
    const fresh: Open = { shared, gradBuffer, stateBuffer, param: none, grad: none, rows: [] };
    if (!this.#extend(fresh, added)) return false;
    this.#open.set(key, fresh);
    this.#done.push(fresh);
    return true;
  }

  #extend(open: Open, row: Row): boolean {
    let param = this.#cover(open.param, row.param, row.length);
    let grad = this.#cover(open.grad, row.grad, row.length);
    if (open.shared) param = grad = this.#cover(param, row.grad, row.length);
    const { maxBindingBytes } = this.limits;
    if (param.end - param.start > maxBindingBytes || grad.end - grad.start > maxBindingBytes) return false;
    open.param = param;
    open.grad = grad;
    open.rows.push(row);
    return true;
  }

  #cover(window: Window, offset: number, length: number): Window {
    const start = Math.floor(offset / this.limits.alignment) * this.limits.alignment;
    return { start: Math.min(window.start, start), end: Math.max(window.end, offset + length * 4) };
  }

  finish(): Dispatch[] {
    return this.#done.map(({ rows, ...dispatch }) => {
      const segments = new Uint32Array(rows.length * SEGMENT_WORDS);
      rows.forEach(({ param, grad, struct, length, row }, index) => {
        const words = [
          (param - dispatch.param.start) / 4,
          (grad - dispatch.grad.start) / 4,
          struct,
          length,
          row,
        ];
        segments.set(words, index * SEGMENT_WORDS);
      });
      return { ...dispatch, segments };
    });
  }
}

/** Workgroups along x and y for so many rows: WebGPU bounds each dimension. */
export function workgroupGrid(rows: number, maxPerDimension: number): [number, number] {
  const y = Math.ceil(rows / maxPerDimension) || 1;
  return [Math.ceil(rows / y), y];
}
