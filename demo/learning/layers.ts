// Layers of networks as functions of jax-js arrays. Must not know any network. A function consumes its arguments.
import { lax, nn, numpy as np } from "@jax-js/jax";

/** Groups that a batch is cut into, at most. */
const MAX_GROUPS = 16;
const EPS = 1e-5;

/** The largest divisor of a batch size up to {@link MAX_GROUPS}. */
function groupCountOf(batch: number): number {
  let count = Math.min(MAX_GROUPS, batch);
  while (batch % count !== 0) count--;
  return count;
}

/** `inputs · weight + bias` */
export const dense = (inputs: np.Array, weight: np.Array, bias: np.Array): np.Array =>
  np.dot(inputs, weight).add(bias);

/**
 * Convolution that keeps the size of the images `[n, channels, height, width]`, or divides it by the stride.
 *
 * The batch is cut into groups that are convolved as separate channels, each with a copy of the kernel. The result is
 * the same, but the gradient of the kernel becomes a sum of partial sums: one long sum for each of the few weights is
 * three times slower, since it leaves most of a GPU idle.
 */
export function convolve(images: np.Array, weight: np.Array, stride = 1): np.Array {
  const [n, , height, width] = images.shape as [number, number, number, number];
  const [outputs, inputs, ...kernel] = weight.shape as [number, number, number, number];
  const groups = groupCountOf(n);
  const copies = np
    .broadcastTo(weight.reshape([1, outputs, inputs, ...kernel]), [groups, outputs, inputs, ...kernel])
    .reshape([groups * outputs, inputs, ...kernel]);
  const side = images.reshape([n / groups, groups * inputs, height, width]);
  const result = lax.convGeneralDilated(side, copies, [stride, stride], "SAME", {
    featureGroupCount: groups,
  });
  const [, , newHeight, newWidth] = result.shape as [number, number, number, number];
  return result.reshape([n, outputs, newHeight, newWidth]);
}

/** Mean 0 and deviation 1 over channels and pixels of each image: what batch norm does, without a batch. */
export function normalise(images: np.Array): np.Array {
  const axes = [1, 2, 3];
  const centred = images.ref.sub(np.mean(images, axes, { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), axes, { keepdims: true });
  return centred.div(np.sqrt(variance.add(EPS)));
}

/** The largest value of each 2 by 2 square; a last odd row or column is left out. */
export function maxPool(images: np.Array): np.Array {
  return pairs(images, np.max);
}

/** The mean of each 2 by 2 square; a last odd row or column is left out. */
export function meanPool(images: np.Array): np.Array {
  return pairs(images, np.mean);
}

function pairs(images: np.Array, reduce: (array: np.Array, axis: number[]) => np.Array): np.Array {
  const [n, channels, height, width] = images.shape as [number, number, number, number];
  const half = [Math.floor(height / 2), Math.floor(width / 2)] as const;
  const even = images.slice([], [], [0, 2 * half[0]], [0, 2 * half[1]]);
  return reduce(even.reshape([n, channels, half[0], 2, half[1], 2]), [3, 5]);
}

/** Mean cross-entropy of logits `[n, classes]` against rows that have a single 1. */
export function crossEntropy(logits: np.Array, labels: np.Array): np.Array {
  const [n] = logits.shape as [number];
  return nn
    .logSoftmax(logits)
    .mul(labels)
    .sum()
    .mul(-1 / n);
}
