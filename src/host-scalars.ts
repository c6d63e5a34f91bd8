// What the rules share when they compute host scalars. Imports nothing.

/** Largest finite float32: stands for infinity in the scalars, because WGSL may assume that there is no Inf. */
export const MAX_FLOAT32 = 3.4028234663852886e38;

/** The smallest normal float32. A denominator's eps is never uploaded below it, so that 0 / 0 is 0. */
export const SMALLEST_NORMAL = 2 ** -126;

/**
 * beta as a difference for `average = retained * average + (addition - dropped * average)`.
 *
 * A long memory retains all and drops 1 - beta: the weights of old and new then sum to exactly 1, where beta and 1 - beta
 * rounded one by one settle 1.3e-5 off at beta 0.999. A short memory retains beta, since dropping most of a large
 * average would cancel.
 */
export function memory(beta: number): { retained: number; dropped: number } {
  return beta >= 0.5 ? { retained: 1, dropped: 1 - beta } : { retained: beta, dropped: 0 };
}

/** Length of RAdam's approximated moving average: its limit 2/(1 − beta2) − 1, less 2t·beta2^t/(1 − beta2^t). */
export function averageLength(beta2: number, step: number): number {
  return 2 / (1 - beta2) - 1 - (2 * step * beta2 ** step) / (1 - beta2 ** step);
}

/**
 * RAdam's factor on a step whose denominator is the uncorrected root, correction included:
 * √((1 − beta2^t)·(N−4)/(N∞−4)·(N−2)/N·N∞/(N∞−2)). For lengths N above 4.
 */
export function rectification(beta2: number, step: number): number {
  const limit = 2 / (1 - beta2) - 1;
  const length = averageLength(beta2, step);
  const variance = (((length - 4) / (limit - 4)) * ((length - 2) / length) * limit) / (limit - 2);
  return Math.sqrt((1 - beta2 ** step) * variance);
}
