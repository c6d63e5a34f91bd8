// Runs in the browser for gan.test.ts: distances whose values are known.
import { frechetDistance, type Gaussian, gaussianOf } from "../../demo/gan/frechet";

export type Distances = Record<"equal" | "shifted" | "scaled" | "turned", number>;

const gaussian = (mean: [number, number], covariance: [number, number, number, number]): Gaussian => ({
  mean: Float64Array.from(mean),
  covariance: Float64Array.from(covariance),
});

export async function run(): Promise<Distances> {
  const cloud = gaussianOf([1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 2, 7], 2);
  const moved = { ...cloud, mean: Float64Array.of(cloud.mean[0]! + 3, cloud.mean[1]! + 4) };
  return {
    equal: await frechetDistance(cloud, cloud),
    shifted: await frechetDistance(cloud, moved),
    scaled: await frechetDistance(gaussian([0, 0], [1, 0, 0, 4]), gaussian([0, 0], [9, 0, 0, 25])),
    turned: await frechetDistance(gaussian([0, 0], [9, 0, 0, 1]), gaussian([0, 0], [1, 0, 0, 9])),
  };
}
