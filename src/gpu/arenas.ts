// What the launch may know of a ParameterArena: which buffers are an arena's, so that the padding between slices may be
// stepped along with them; whether their memory is there; and when one of its parameters was assigned anew.
import type { Parameter } from "./tensor.js";

/** Slices begin at multiples of this many bytes, WebGPU's default alignment of offsets. */
export const SLICE_ALIGNMENT = 256;

/** An arena's side of one of its buffers. */
type ArenaBuffer = { ready: Promise<void>; sliceEnds: ReadonlySet<number> };

const arenas = new WeakMap<GPUBuffer, ArenaBuffer>();

/**
 * Registers a buffer of an arena.
 * @param arena ready: rejects when the memory was not to be had; sliceEnds: bytes at which slices end
 */
export function registerArenaBuffer(buffer: GPUBuffer, arena: ArenaBuffer): void {
  arenas.set(buffer, arena);
}

/** Where the padding behind a range ends: at the range's own end unless a slice of an arena ends there. */
export function paddedEnd(buffer: GPUBuffer, end: number): number {
  return arenas.get(buffer)?.sliceEnds.has(end) ? Math.ceil(end / SLICE_ALIGNMENT) * SLICE_ALIGNMENT : end;
}

/** Resolves when the memory of a buffer is known to be there; undefined for a buffer of the caller's. */
export function arenaReady(buffer: GPUBuffer): Promise<void> | undefined {
  return arenas.get(buffer)?.ready;
}

/** Counts assignments to parameters, so that a step need not look at each of a thousand. */
export type Assignments = { count: number };

const tracked = new WeakMap<Parameter, Assignments>();

/** A parameter whose bindings cannot be written to, and that counts when they are replaced. */
export function trackedParameter(
  name: string,
  bindings: { param: GPUBufferBinding; grad: GPUBufferBinding },
  assignments: Assignments,
): Parameter {
  const current: Pick<Parameter, "param" | "grad"> = {
    param: Object.freeze(bindings.param),
    grad: Object.freeze(bindings.grad),
  };
  const parameter: Parameter = { name, ...current };
  for (const key of ["param", "grad"] as const) {
    Object.defineProperty(parameter, key, {
      enumerable: true,
      get: () => current[key],
      set(source: Parameter["param"]) {
        current[key] = source;
        assignments.count++;
      },
    });
  }
  tracked.set(parameter, assignments);
  return parameter;
}

/** What counts the assignments to a parameter; undefined for the caller's own, which must be looked at. */
export function assignmentsOf(parameter: Parameter): Assignments | undefined {
  return tracked.get(parameter);
}
