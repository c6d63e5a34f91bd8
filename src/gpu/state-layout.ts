// How the state of a tensor lies in memory, as shaders/segment.wgsl reads it: blocks of 64 elements, 16 State structs a
// block, one vec4 a slot; component c of lane l holds element 16·c + l. The only place on the host that knows this.

/** Elements of a block. */
export const BLOCK_LENGTH = 64;
/** State structs of a block. */
export const BLOCK_STRUCTS = 16;
/** Bytes of one slot of one State struct (a vec4f). */
export const SLOT_BYTES = 16;

/** State structs that a run of elements takes: the rest after whole blocks takes at most one struct an element. */
export function structCount(length: number): number {
  const rest = length % BLOCK_LENGTH;
  return ((length - rest) / BLOCK_LENGTH) * BLOCK_STRUCTS + Math.min(rest, BLOCK_STRUCTS);
}

/** A run of elements in the state: its first struct, and how many slots a struct has. */
export type StateRun = { firstStruct: number; length: number; slotCount: number };

/** Index among the floats of the state buffer of one element's slot. */
function floatIndex({ firstStruct, slotCount }: StateRun, element: number, slot: number): number {
  const inBlock = element % BLOCK_LENGTH;
  const block = (element - inBlock) / BLOCK_LENGTH;
  const struct = firstStruct + block * BLOCK_STRUCTS + (inBlock % BLOCK_STRUCTS);
  return (struct * slotCount + slot) * 4 + Math.floor(inBlock / BLOCK_STRUCTS);
}

/** Copies one slot of a run out of the state's floats into `target` from `start` on. */
export function gather(
  floats: Float32Array,
  run: StateRun,
  slot: number,
  target: Float32Array,
  start: number,
): void {
  for (let element = 0; element < run.length; element++) {
    target[start + element] = floats[floatIndex(run, element, slot)]!;
  }
}

/** Copies elements of `source` from `start` on into one slot of a run of the state's floats. */
export function scatter(
  floats: Float32Array,
  run: StateRun,
  slot: number,
  source: Float32Array | Float64Array,
  start: number,
): void {
  for (let element = 0; element < run.length; element++) {
    floats[floatIndex(run, element, slot)] = source[start + element]!;
  }
}

/** The floats of a state buffer in which every slot has one value. */
export function filledStructs(floatCount: number, values: readonly number[]): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: floatCount }, (_, i) => values[Math.floor(i / 4) % values.length]!);
}
