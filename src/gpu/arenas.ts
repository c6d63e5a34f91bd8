// What the launch may know of a ParameterArena: which buffers are an arena's, so that the padding between slices may be
// stepped along with them; whether their memory is there; and when one of its parameters was assigned anew.
import type { Parameter } from "./tensor.js";

const arenas = new WeakMap<GPUBuffer, Promise<void>>();

/** Registers a buffer of an arena and the promise that rejects when its memory was not to be had. */
export function registerArenaBuffer(buffer: GPUBuffer, ready: Promise<void>): void {
  arenas.set(buffer, ready);
}

/** Whether the padding of a buffer is an arena's. */
export function isArenaBuffer(buffer: GPUBuffer): boolean {
  return arenas.has(buffer);
}

/** Resolves when the memory of a buffer is known to be there; undefined for a buffer of the caller's. */
export function arenaReady(buffer: GPUBuffer): Promise<void> | undefined {
  return arenas.get(buffer);
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
