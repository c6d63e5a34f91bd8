// The gradients of one parameter, as a visitor shapes them. Must not know rules.
import { normalFrom, seededRandom } from "../shared/random";

export type StreamShape = {
  steps: number;
  mean: number;
  /** Standard deviation of the noise around the mean, at first. */
  noise: number;
  /** The mean from the step `changeAt` on; null when it does not change. */
  meanAfter: number | null;
  changeAt: number;
  /** Steps in which the mean, or the noise, falls to half; null when it stays. */
  meanHalfLife: number | null;
  noiseHalfLife: number | null;
  seed: number;
};

export type Stream = {
  gradients: Float32Array<ArrayBuffer>;
  /** What the gradients are drawn from, at each step. */
  means: Float64Array;
  noises: Float64Array;
};

const remaining = (step: number, halfLife: number | null) =>
  halfLife === null ? 1 : 0.5 ** (step / halfLife);

export function makeStream(shape: StreamShape): Stream {
  const { steps, mean, noise, meanAfter, changeAt, meanHalfLife, noiseHalfLife, seed } = shape;
  const normal = normalFrom(seededRandom(seed));
  const means = new Float64Array(steps);
  const noises = new Float64Array(steps);
  const gradients = new Float32Array(steps);
  for (let step = 0; step < steps; step++) {
    const level = meanAfter !== null && step >= changeAt ? meanAfter : mean;
    means[step] = level * remaining(step, meanHalfLife);
    noises[step] = noise * remaining(step, noiseHalfLife);
    gradients[step] = means[step]! + noises[step]! * normal();
  }
  return { gradients, means, noises };
}
