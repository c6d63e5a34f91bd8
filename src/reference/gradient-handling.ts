// Clipping and skipping in float64: the oracle of shaders/measure.wgsl and decide.wgsl. Imports nothing that it judges.

/** What is asked for; Infinity and false ask for nothing. */
type Handling = { clipGradNorm: number; clipGradValue: number; skipNonFinite: boolean; monitor: boolean };

/** What is decided of a step, and what is made of each gradient. */
export type HandledStep = {
  norm: number;
  factor: number;
  skip: boolean;
  /** A gradient before it is clipped by the norm, and whether it is finite. */
  unscale: (grad: number) => number;
  isFinite: (grad: number) => boolean;
  handle: (grad: number) => number;
};

/**
 * Decides a step over the gradients of all groups that it steps.
 *
 * x = clamp(gradScale·grad, ±clipGradValue); norm = √Σx²; factor = min(1, clipGradNorm / (norm + 1e-6)). The norm is
 * taken relative to the largest magnitude, so that no square leaves float64; beyond float32 it counts as not finite, as
 * gradients do.
 */
export function handleGradients(
  { clipGradNorm, clipGradValue, skipNonFinite, monitor }: Handling,
  gradScale: number,
  gradients: readonly Iterable<number>[],
): HandledStep {
  const unscale = (grad: number) => Math.min(Math.max(gradScale * grad, -clipGradValue), clipGradValue);
  const isFinite = (grad: number) => Number.isFinite(grad) && Number.isFinite(Math.fround(gradScale * grad));
  const clips = clipGradNorm < Infinity;
  const decide = (norm: number, factor: number, skip: boolean): HandledStep => ({
    norm,
    factor,
    skip,
    unscale,
    isFinite,
    handle: (grad) => factor * unscale(grad),
  });
  if (!clips && !skipNonFinite && !monitor) return decide(NaN, 1, false);
  let [largest, finite] = [0, true];
  for (const grads of gradients) {
    for (const grad of grads) {
      finite &&= isFinite(grad);
      largest = Math.max(largest, Math.abs(unscale(grad)));
    }
  }
  if (!finite) return decide(NaN, 1, clips || skipNonFinite);
  let sum = 0;
  for (const grads of gradients) {
    for (const grad of grads) sum += largest === 0 ? 0 : (unscale(grad) / largest) ** 2;
  }
  const exact = largest * Math.sqrt(sum);
  const norm = exact > 3.4028234663852886e38 ? Infinity : exact;
  return decide(norm, clips ? Math.min(1, clipGradNorm / (norm + 1e-6)) : 1, clips && norm === Infinity);
}
