// What the float64 references of all rules share. Imports nothing, so that the oracle depends on nothing it judges.

/** What a step depends on beside the options. */
export type ReferenceContext = {
  lr: number;
  /** Counted from 1. */
  step: number;
  /** Factor on the gradients. */
  gradScale: number;
  /** The rule's own scalars, as the steps before left them. */
  memory: Readonly<Record<string, number>>;
};

/** The state of one element, by slot. */
export type ReferenceState = Record<string, number>;

/** The smallest normal float32. A denominator below it counts as it, so that 0 / 0 is 0 here and in the kernels. */
export const SMALLEST_NORMAL = 2 ** -126;
