// The Fréchet distance between two clouds of features, each taken as a normal distribution: what FID is. Must not know
// where features come from.
import { init, numpy as np } from "@jax-js/jax";

/** The distribution of features: their mean, and their covariance row by row. */
export type Gaussian = { mean: Float64Array; covariance: Float64Array<ArrayBuffer> };

/**
 * Mean and covariance of features.
 * @param features row by row, `size` each; two rows at least
 */
export function gaussianOf(features: ArrayLike<number>, size: number): Gaussian {
  const count = features.length / size;
  const mean = new Float64Array(size);
  for (let index = 0; index < features.length; index++) mean[index % size]! += features[index]! / count;
  const covariance = new Float64Array(size * size);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < size; i++) {
      const left = features[row * size + i]! - mean[i]!;
      for (let j = 0; j <= i; j++) {
        covariance[i * size + j]! += (left * (features[row * size + j]! - mean[j]!)) / (count - 1);
      }
    }
  }
  for (let i = 0; i < size; i++)
    for (let j = 0; j < i; j++) covariance[j * size + i] = covariance[i * size + j]!;
  return { mean, covariance };
}

/** The device that has float64; a GPU does not. */
const DEVICE = "wasm";

/** Eigenvalues, ascending, and eigenvectors (columns) of a symmetric matrix; values that rounding made negative are 0. */
function eigenOf(matrix: np.Array): [values: np.Array, vectors: np.Array] {
  const [values, vectors] = np.linalg.eigh(matrix);
  return [np.maximum(values, 0), vectors];
}

const upload = (values: Float64Array<ArrayBuffer>, size: number) =>
  np.array(values, { shape: [size, size], dtype: np.float64, device: DEVICE });

/**
 * `|m₁ − m₂|² + tr(C₁ + C₂ − 2·(C₁·C₂)^½)`
 *
 * The trace of the root is the sum of the roots of the eigenvalues of `R·C₂·R`, where `R` is the symmetric root of C₁:
 * that matrix is symmetric, where C₁·C₂ is not.
 *
 * Source: Heusel et al. 2017.
 */
export async function frechetDistance(a: Gaussian, b: Gaussian): Promise<number> {
  await init(DEVICE);
  const size = a.mean.length;
  let distance = 0;
  for (let i = 0; i < size; i++) {
    const diagonal = i * (size + 1);
    distance += (a.mean[i]! - b.mean[i]!) ** 2 + a.covariance[diagonal]! + b.covariance[diagonal]!;
  }
  const [values, vectors] = eigenOf(upload(a.covariance, size));
  const root = np.dot(vectors.ref.mul(np.sqrt(values)), np.transpose(vectors));
  const product = np.dot(np.dot(root.ref, upload(b.covariance, size)), root);
  const [squares, unused] = eigenOf(product);
  unused.dispose();
  const [rootTrace] = (await np.sum(np.sqrt(squares)).data()) as Float64Array;
  // Rounding may take the distance of two equal clouds below 0.
  return Math.max(0, distance - 2 * rootTrace!);
}
