// The two networks, written in jax-js: the shapes of their weights, and images to logits. Must not know how they
// are trained. Arrays of jax-js are counted references: a function consumes its arguments.
import { lax, nn, numpy as np } from "@jax-js/jax";
import { normalFrom } from "../shared/random";
import { CLASSES, PIXELS, SIDE } from "./data";
import type { ModelName } from "./options.mjs";

export type WeightSpec = {
  name: string;
  shape: number[];
  /** Inputs that one output sums: sets the scale of the initial values; 0 for a bias, which starts at zero. */
  fanIn: number;
};

export type Model = {
  weights: WeightSpec[];
  /** Logits `[n, CLASSES]` of images `[n, PIXELS]`. Consumes both arguments. */
  logits: (weights: np.Array[], images: np.Array) => np.Array;
};

const HIDDEN = 128;

/** One hidden layer: 101 770 weights. */
const mlp: Model = {
  weights: [
    { name: "hidden.weight", shape: [PIXELS, HIDDEN], fanIn: PIXELS },
    { name: "hidden.bias", shape: [HIDDEN], fanIn: 0 },
    { name: "output.weight", shape: [HIDDEN, CLASSES], fanIn: HIDDEN },
    { name: "output.bias", shape: [CLASSES], fanIn: 0 },
  ],
  logits([hiddenWeight, hiddenBias, outputWeight, outputBias], images) {
    const hidden = nn.relu(np.dot(images, hiddenWeight!).add(hiddenBias!));
    return np.dot(hidden, outputWeight!).add(outputBias!);
  },
};

const CHANNELS1 = 8;
const CHANNELS2 = 16;
const KERNEL = 3;
const FEATURES = CHANNELS2 * (SIDE / 4) * (SIDE / 4);

/** Two convolutions that halve the image each, then one dense layer: 9 098 weights. */
const cnn: Model = {
  weights: [
    { name: "conv1.weight", shape: [CHANNELS1, 1, KERNEL, KERNEL], fanIn: KERNEL * KERNEL },
    { name: "conv1.bias", shape: [CHANNELS1, 1, 1], fanIn: 0 },
    {
      name: "conv2.weight",
      shape: [CHANNELS2, CHANNELS1, KERNEL, KERNEL],
      fanIn: CHANNELS1 * KERNEL * KERNEL,
    },
    { name: "conv2.bias", shape: [CHANNELS2, 1, 1], fanIn: 0 },
    { name: "output.weight", shape: [FEATURES, CLASSES], fanIn: FEATURES },
    { name: "output.bias", shape: [CLASSES], fanIn: 0 },
  ],
  logits([weight1, bias1, weight2, bias2, outputWeight, outputBias], images) {
    const image = images.reshape([-1, 1, SIDE, SIDE]);
    const half = nn.relu(lax.conv(image, weight1!, [2, 2], "SAME").add(bias1!));
    const quarter = nn.relu(lax.conv(half, weight2!, [2, 2], "SAME").add(bias2!));
    return np.dot(quarter.reshape([-1, FEATURES]), outputWeight!).add(outputBias!);
  },
};

export const models: Record<ModelName, Model> = { mlp, cnn };

/** Initial values of one weight tensor: normal, scaled for ReLU layers (He et al. 2015). */
export function initialValues({ shape, fanIn }: WeightSpec, random: () => number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (fanIn === 0) return values;
  const normal = normalFrom(random);
  return values.map(() => normal() * Math.sqrt(2 / fanIn));
}

/** Mean cross-entropy of the logits, and the logits themselves. Consumes all arguments. */
export function crossEntropy(model: Model, batch: number) {
  return (weights: np.Array[], images: np.Array, labels: np.Array): [np.Array, np.Array] => {
    const logits = model.logits(weights, images);
    const loss = nn
      .logSoftmax(logits.ref)
      .mul(labels)
      .sum()
      .mul(-1 / batch);
    return [loss, logits];
  };
}
