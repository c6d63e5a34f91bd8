// The two networks of the GAN, dense, over the pixels of a digit between 0 (paper) and 1 (ink). Must not know how they
// are trained. A function consumes the arrays it is given.
import { nn, type numpy as np } from "@jax-js/jax";
import { PIXELS } from "../digits/data";
import { dense } from "../learning/layers";
import { dense as denseWeights } from "../learning/weights";

/** Random numbers that one image is made from. */
export const NOISE = 64;
const HIDDEN = 128;
/** Slope of the discriminator's rectifier below 0: the generator learns from pixels that it finds wrong too. */
const LEAK = 0.2;

export const generatorWeights = [
  ...denseWeights("hidden", NOISE, HIDDEN),
  ...denseWeights("output", HIDDEN, PIXELS),
];

export const discriminatorWeights = [
  ...denseWeights("hidden", PIXELS, HIDDEN),
  ...denseWeights("output", HIDDEN, 1),
];

/** Images `[n, PIXELS]` of noise `[n, NOISE]`. */
export function generate([weight1, bias1, weight2, bias2]: np.Array[], noise: np.Array): np.Array {
  return nn.sigmoid(dense(nn.relu(dense(noise, weight1!, bias1!)), weight2!, bias2!));
}

/** Logits `[n, 1]`: above 0 where an image `[n, PIXELS]` is taken for a real one. */
export function discriminate([weight1, bias1, weight2, bias2]: np.Array[], images: np.Array): np.Array {
  return dense(nn.leakyRelu(dense(images.mul(2).sub(1), weight1!, bias1!), LEAK), weight2!, bias2!);
}
