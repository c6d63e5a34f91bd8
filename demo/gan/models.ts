// The two networks of the GAN, dense, over the pixels of a digit between 0 (paper) and 1 (ink). Must not know how they
// are trained. A function consumes the arrays it is given.
import { nn, numpy as np } from "@jax-js/jax";
import { PIXELS } from "../digits/data";
import { dense } from "../learning/layers";
import { dense as denseWeights } from "../learning/weights";

/** Random numbers that one image is made from. */
export const NOISE = 32;
const HIDDEN = 128;
/** Slope of the discriminator's rectifier below 0: the generator learns from pixels that it finds wrong too. */
const LEAK = 0.2;

export const generatorWeights = [
  ...denseWeights("hidden1", NOISE, HIDDEN),
  ...denseWeights("hidden2", HIDDEN, HIDDEN),
  ...denseWeights("output", HIDDEN, PIXELS),
];

export const discriminatorWeights = [
  ...denseWeights("hidden", PIXELS, HIDDEN),
  ...denseWeights("output", HIDDEN, 1),
];

/** Mean 0 and deviation 1 over the features of each row. */
function normalise(rows: np.Array): np.Array {
  return nn.standardize(rows, 1);
}

/** Images `[n, PIXELS]` of noise `[n, NOISE]`. */
export function generate(weights: np.Array[], noise: np.Array): np.Array {
  const [weight1, bias1, weight2, bias2, weight3, bias3] = weights;
  const first = nn.relu(normalise(dense(noise, weight1!, bias1!)));
  const second = nn.relu(normalise(dense(first, weight2!, bias2!)));
  return nn.sigmoid(dense(second, weight3!, bias3!));
}

/** Logits `[n, 1]`: above 0 where an image `[n, PIXELS]` is taken for a real one. */
export function discriminate(weights: np.Array[], images: np.Array): np.Array {
  const [weight1, bias1, weight2, bias2] = weights;
  return dense(nn.leakyRelu(dense(images.mul(2).sub(1), weight1!, bias1!), LEAK), weight2!, bias2!);
}
