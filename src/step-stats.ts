// What `stats()` tells, and how sums over elements become it. Shared by the GPU optimizer and the reference.

/** What was decided of the steps run so far, and with `monitor` what the latest of them did. */
export type StepStats = {
  /** Steps run when the figures were read; they are of the last of them. */
  step: number;
  /** Steps left out since the optimizer was made, or its state loaded. */
  skippedSteps: number;
  /**
   * Global L2 norm of the gradients, after `gradScale` and `clipGradValue`; Infinity beyond float32, NaN when an element
   * is not finite, when nothing asks for the norm, and before the first step.
   */
  gradNorm: number;
  /** Factor on the gradients: 1, or clipGradNorm / (gradNorm + 1e-6) when clipped. */
  clipFactor: number;
  /** With `monitor`: each param group, in their order. */
  groups?: GroupStats[];
};

/** The latest step of some elements: of a parameter, or of all parameters of a group. */
export type ParameterStats = {
  /** L2 norm of the gradient, after `gradScale` and `clipGradValue`, before `clipGradNorm`; NaN when not finite. */
  gradNorm: number;
  /** Elements of the gradient that are NaN, infinite, or beyond float32 after `gradScale`. */
  nonFiniteCount: number;
  /** L2 norm of what the step subtracted from the parameters, weight decay included; 0 when the step was skipped. */
  updateNorm: number;
  /** Largest magnitude of what was subtracted; 0 when the step was skipped. */
  largestUpdate: number;
  /** Fraction of the elements that moved by lr · `maxUpdate`, in [0, 1]; 0 for a rule without that option. */
  cappedFraction: number;
  /** L2 norm of the parameters after the step; NaN before the first that was taken. */
  paramNorm: number;
  /**
   * Elements by effective step size after the last step that was taken: what the mean gradient, corrected for bias, is
   * multiplied by. That is lr / (√v̂ + eps) for Adam and AdamW, lr / (√ŝ + eps) for AdaBelief, times its
   * rectification. Absent for rules that have none.
   */
  stepSizes?: StepSizeHistogram;
};

/** The latest step of a group in which it took part; of a frozen group that is an earlier one. */
export type GroupStats = ParameterStats & {
  /** Steps of the group that were taken when the figures were read. */
  step: number;
  /** Each parameter, by name. */
  params: Record<string, ParameterStats>;
};

/**
 * A histogram of log10 of step sizes, a bin for each power of two from 2^-32 (2.3e-10) to 2^32 (4.3e9). The first and the
 * last bin have what lies beyond, too.
 */
export type StepSizeHistogram = {
  /** Edges of the bins: `counts[i]` counts sizes from 10^edges[i] on, below 10^edges[i + 1]. */
  edges: readonly number[];
  counts: readonly number[];
};

/** Edges of the histogram: the powers of two from 2^-32 to 2^32. */
const EDGES: readonly number[] = Array.from({ length: 65 }, (_, index) => (index - 32) * Math.log10(2));

/** Bins of the histogram. */
export const STEP_SIZE_BINS = EDGES.length - 1;

/** Sums over elements, from which their figures follow; those of tensors add up to those of their group. */
export type StepSums = {
  elementCount: number;
  gradSquares: number;
  nonFiniteCount: number;
  updateSquares: number;
  largestUpdate: number;
  cappedCount: number;
  paramSquares: number;
  /** Elements by bin of {@link StepSizeHistogram}; undefined for a rule that has no step sizes. */
  stepSizeCounts: readonly number[] | undefined;
};

/** What is told of a tensor of which no step is known. */
export const unknownSums = ({ elementCount, stepSizeCounts }: StepSums): StepSums => ({
  elementCount,
  gradSquares: NaN,
  nonFiniteCount: 0,
  updateSquares: 0,
  largestUpdate: 0,
  cappedCount: 0,
  paramSquares: NaN,
  stepSizeCounts: stepSizeCounts?.map(() => 0),
});

/** The bin that counts a step size. */
export function stepSizeBin(stepSize: number): number {
  const bin = Math.floor(Math.log2(stepSize)) + 32;
  return Math.min(Math.max(bin, 0), STEP_SIZE_BINS - 1);
}

/** Figures of a group and of its parameters. @param sums of each parameter, at least one */
export function groupStats(step: number, names: readonly string[], sums: readonly StepSums[]): GroupStats {
  const params = Object.fromEntries(names.map((name, index) => [name, statsOf(sums[index]!)]));
  return { step, ...statsOf(sums.reduce(addSums)), params };
}

function addSums(a: StepSums, b: StepSums): StepSums {
  return {
    elementCount: a.elementCount + b.elementCount,
    gradSquares: a.gradSquares + b.gradSquares,
    nonFiniteCount: a.nonFiniteCount + b.nonFiniteCount,
    updateSquares: a.updateSquares + b.updateSquares,
    largestUpdate: Math.max(a.largestUpdate, b.largestUpdate),
    cappedCount: a.cappedCount + b.cappedCount,
    paramSquares: a.paramSquares + b.paramSquares,
    stepSizeCounts: a.stepSizeCounts?.map((count, bin) => count + b.stepSizeCounts![bin]!),
  };
}

function statsOf(sums: StepSums): ParameterStats {
  const { elementCount, nonFiniteCount, largestUpdate, cappedCount, stepSizeCounts } = sums;
  return {
    gradNorm: Math.sqrt(sums.gradSquares),
    nonFiniteCount,
    updateNorm: Math.sqrt(sums.updateSquares),
    largestUpdate,
    cappedFraction: elementCount === 0 ? 0 : cappedCount / elementCount,
    paramNorm: Math.sqrt(sums.paramSquares),
    ...(stepSizeCounts && { stepSizes: { edges: EDGES, counts: stepSizeCounts } }),
  };
}
