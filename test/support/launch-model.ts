// A model of what shaders/step.wgsl and shaders/segment.wgsl do with a plan: every element that a dispatch touches,
// checked one by one.
import { SLICE_ALIGNMENT } from "../../src/gpu/arenas";
import {
  placeStates,
  planDispatches,
  rowsOfPieces,
  SEGMENT_WORDS,
  type Dispatch,
  type GradientRange as PlannedGradient,
  type LaunchLimits,
  type StatePlacement,
} from "../../src/gpu/launch-plan";
import { BLOCK_LENGTH, BLOCK_STRUCTS, scatter, SLOT_BYTES, structCount } from "../../src/gpu/state-layout";

/** A tensor among the parameters, in bytes and elements. */
export type TensorRange = { offset: number; length: number };

/** Where a gradient is, and whether it is a slice of an arena. */
export type GradientRange = Omit<PlannedGradient, "paddedEnd"> & { padded: boolean };

/** Tensors of one parameter buffer, and what bounds their dispatches. */
export type Memory = {
  /** Sorted by offset. */
  tensors: readonly TensorRange[];
  padded: boolean;
  slotCount: number;
  limits: LaunchLimits;
  paramBytes: number;
};

/** Gradients of the tensors, and the sizes of the buffers they are in, by index. */
export type Gradients = { ranges: readonly GradientRange[]; bufferBytes: readonly number[] };

/** A row of the segment table, in the words of the kernel. */
export type Row = { param: number; grad: number; state: number; length: number; row: number };

export function rowsOf({ segments }: Dispatch): Row[] {
  return Array.from({ length: segments.length / SEGMENT_WORDS }, (_, row) => {
    const words = segments.subarray(row * SEGMENT_WORDS) as unknown as number[];
    const [param, grad, state, length, own] = words;
    return { param: param!, grad: grad!, state: state!, length: length!, row: own! };
  });
}

/** Where the padding behind a range ends: at the next multiple of 256 bytes in an arena, at its own end elsewhere. */
export function padEnd(offset: number, length: number, padded: boolean): number {
  const end = offset + length * 4;
  return padded ? Math.ceil(end / SLICE_ALIGNMENT) * SLICE_ALIGNMENT : end;
}

const tensorsOf = ({ tensors, padded }: Memory) =>
  tensors.map((tensor) => ({ ...tensor, paddedEnd: padEnd(tensor.offset, tensor.length, padded) }));

export function placementOf(memory: Memory): StatePlacement {
  return placeStates(tensorsOf(memory), memory.slotCount, memory.limits.maxBindingBytes);
}

export function planOf(memory: Memory, gradients: Gradients, placement = placementOf(memory)) {
  const ranges = gradients.ranges.map(({ padded, ...range }, index) => {
    return { ...range, paddedEnd: padEnd(range.offset, memory.tensors[index]!.length, padded) };
  });
  return planDispatches(tensorsOf(memory), ranges, placement, memory.limits);
}

const check = (condition: boolean, message: () => string) => {
  if (!condition) throw new Error(message());
};

/** Outside every tensor, and not to be touched. */
const FOREIGN = -1;
/** Between adjacent slices of an arena. */
const PADDING = -2;

/** Index of the tensor that each element of the parameter buffer belongs to, or one of the two above. */
function ownersOf({ tensors, padded, paramBytes }: Memory): Int32Array {
  const owners = new Int32Array(paramBytes / 4).fill(FOREIGN);
  tensors.forEach(({ offset, length }, tensor) => {
    const [start, end] = [offset / 4, offset / 4 + length];
    const sliceEnd = (Math.ceil((end * 4) / SLICE_ALIGNMENT) * SLICE_ALIGNMENT) / 4;
    if (padded && tensors[tensor + 1]?.offset === sliceEnd * 4) owners.fill(PADDING, end, sliceEnd);
    owners.fill(tensor, start, end);
  });
  return owners;
}

/**
 * Tensor of the piece that each row is reserved for; rows of a tensor lie together, so that what is written there can
 * be summed by tensor.
 */
function reservedRows({ pieces }: StatePlacement, chunkLength: number): number[] {
  const rows = rowsOfPieces(pieces, chunkLength);
  return pieces.flatMap(({ tensor }, index) => Array<number>(rows[index + 1]! - rows[index]!).fill(tensor));
}

/** State buffers in which every slot of an element holds the element's address, as the host would upload it. */
function addressedStates(
  { tensors, slotCount }: Memory,
  { pieces, bufferBytes }: StatePlacement,
): Float32Array[] {
  const states = bufferBytes.map((size) => new Float32Array(size / 4).fill(NaN));
  for (const { tensor, first, length, buffer, struct } of pieces) {
    const { offset, length: tensorLength } = tensors[tensor]!;
    const addresses = Float32Array.from({ length: tensorLength }, (_, element) => offset / 4 + element);
    for (let slot = 0; slot < slotCount; slot++) {
      scatter(states[buffer]!, { firstStruct: struct, length, slotCount }, slot, addresses, first);
    }
  }
  return states;
}

function checkWindows(memory: Memory, gradients: Gradients, dispatch: Dispatch): void {
  const { maxBindingBytes, alignment } = memory.limits;
  const { param, grad, shared, gradBuffer } = dispatch;
  const gradBytes = shared ? memory.paramBytes : gradients.bufferBytes[gradBuffer]!;
  for (const [what, { start, end }, size] of [
    ["param", param, memory.paramBytes],
    ["grad", grad, gradBytes],
  ] as const) {
    const shown = () => `${what} window ${start}..${end} of a buffer of ${size} bytes`;
    check(start % alignment === 0 && end % 4 === 0, () => `${shown()} is not aligned to ${alignment}`);
    check(start >= 0 && start < end && end <= size, () => `${shown()} is not inside it`);
    check(end - start <= maxBindingBytes, () => `${shown()} exceeds the limit of ${maxBindingBytes}`);
  }
  if (shared)
    check(param.start === grad.start && param.end === grad.end, () => "a shared dispatch has two windows");
}

/**
 * Steps a plan in the model.
 * @throws {Error} unless every element of every tensor is stepped exactly once, with its own gradient and state, no
 * State struct and no row of partial sums belongs to two rows, nothing foreign is touched and every window is legal
 */
export function checkPlan(
  memory: Memory,
  gradients: Gradients,
  dispatches: readonly Dispatch[],
  placement: StatePlacement = placementOf(memory),
): void {
  const { slotCount, limits, tensors } = memory;
  const owners = ownersOf(memory);
  const states = addressedStates(memory, placement);
  const stepped = new Uint8Array(owners.length);
  const taken = states.map((floats) => new Uint8Array((floats.length * 4) / (slotCount * SLOT_BYTES)));
  const reserved = reservedRows(placement, limits.chunkLength);
  const written = new Uint8Array(reserved.length);
  for (const size of placement.bufferBytes) {
    check(size > 0 && size <= limits.maxBindingBytes, () => `a state buffer of ${size} bytes`);
  }
  for (const dispatch of dispatches) {
    checkWindows(memory, gradients, dispatch);
    const { param, grad, gradBuffer, stateBuffer, shared } = dispatch;
    const floats = states[stateBuffer]!;
    for (const row of rowsOf(dispatch)) {
      check(row.length > 0 && row.length <= limits.chunkLength, () => `a row of ${row.length} elements`);
      check((row.param + row.length) * 4 <= param.end - param.start, () => "a row leaves the param window");
      check((row.grad + row.length) * 4 <= grad.end - grad.start, () => "a row leaves the grad window");
      const tensor = reserved[row.row];
      check(
        tensor !== undefined && written[row.row] === 0,
        () => `row ${row.row} of the partial sums is missing or written twice`,
      );
      written[row.row] = 1;
      for (let struct = row.state; struct < row.state + structCount(row.length); struct++) {
        check(taken[stateBuffer]![struct] === 0, () => `State ${struct} is missing or belongs to two rows`);
        taken[stateBuffer]![struct] = 1;
      }
      for (let element = 0; element < row.length; element++) {
        const address = param.start / 4 + row.param + element;
        const owner = owners[address]!;
        check(owner !== FOREIGN, () => `element ${address} belongs to nobody and is stepped`);
        check(stepped[address] === 0, () => `element ${address} is stepped twice`);
        stepped[address] = 1;
        if (owner === PADDING) continue;
        check(limits.merges || owner === tensor, () => `element ${address} is counted for tensor ${tensor}`);
        const own = gradients.ranges[owner]!;
        const gradAddress = grad.start / 4 + row.grad + element;
        const expected = own.offset / 4 + address - tensors[owner]!.offset / 4;
        check(
          own.buffer === gradBuffer && own.shared === shared && gradAddress === expected,
          () => `element ${address} is stepped by the gradient at ${gradAddress}, its own is at ${expected}`,
        );
        const inBlock = element % BLOCK_LENGTH;
        const block = (element - inBlock) / BLOCK_LENGTH;
        const struct = row.state + block * BLOCK_STRUCTS + (inBlock % BLOCK_STRUCTS);
        const component = Math.floor(inBlock / BLOCK_STRUCTS);
        for (let slot = 0; slot < slotCount; slot++) {
          const found = floats[(struct * slotCount + slot) * 4 + component];
          check(found === address, () => `element ${address} is stepped with the state of element ${found}`);
        }
      }
    }
  }
  owners.forEach((owner, address) => {
    check(owner < 0 || stepped[address] === 1, () => `element ${address} is not stepped`);
  });
}
