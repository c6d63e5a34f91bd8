// Clipping and skipping in float64: the oracle of shaders/measure.wgsl and decide.wgsl. Imports nothing that it judges.

/** What is asked for; Infinity and false ask for nothing. */
type Handling = { clipGradNorm: number; clipGradValue: number; skipNonFinite: boolean };

/** What is decided of a step, and what is made of each gradient. */
export type HandledStep = { norm: number; factor: number; skip: boolean; handle: (grad: number) => number };

/**
 * Decides a step over the gradients of all groups that it steps.
 *
 * x = clamp(gradScale·grad, ±clipGradValue); norm = √Σx²; factor = min(1, clipGradNorm / (norm + 1e-6)). The norm is
 * taken relative to the largest magnitude, so that no square leaves float64; beyond float32 it counts as not finite, as
 * gradients do.
 */
export function handleGradients(
  { clipGradNorm, clipGradValue, skipNonFinite }: Handling,
  gradScale: number,
  gradients: readonly Iterable<number>[],
): HandledStep {
  const clamp = (grad: number) => Math.min(Math.max(gradScale * grad, -clipGradValue), clipGradValue);
  const measures = clipGradNorm < Infinity || skipNonFinite;
  if (!measures) return { norm: NaN, factor: 1, skip: false, handle: clamp };
  let [largest, finite] = [0, true];
  for (const grads of gradients) {
    for (const grad of grads) {
      finite &&= Number.isFinite(Math.fround(gradScale * grad)) && Number.isFinite(grad);
      largest = Math.max(largest, Math.abs(clamp(grad)));
    }
  }
  if (!finite) return { norm: NaN, factor: 1, skip: true, handle: clamp };
  let sum = 0;
  for (const grads of gradients) {
    for (const grad of grads) sum += largest === 0 ? 0 : (clamp(grad) / largest) ** 2;
  }
  const exact = largest * Math.sqrt(sum);
  const norm = exact > 3.4028234663852886e38 ? Infinity : exact;
  const factor = clipGradNorm < Infinity ? Math.min(1, clipGradNorm / (norm + 1e-6)) : 1;
  const skip = norm === Infinity && clipGradNorm < Infinity;
  return { norm, factor, skip, handle: (grad) => factor * clamp(grad) };
}
