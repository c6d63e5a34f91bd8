// The networks that read digits, small cousins of the ones in the papers: the shapes of their weights, and images to
// logits. Must not know how they are trained. A function consumes the arrays it is given.
import { nn, numpy as np } from "@jax-js/jax";
import { convolve, dense, maxPool, meanPool, normalise } from "../learning/layers";
import { before, bias, convolution, dense as denseWeights, type WeightSpec } from "../learning/weights";
import { CLASSES, PIXELS, SIDE } from "./data";
import type { ModelName } from "./options.mjs";

export type Model = {
  weights: WeightSpec[];
  /** Logits `[n, CLASSES]` of images `[n, PIXELS]`. */
  logits: (weights: np.Array[], images: np.Array) => np.Array;
};

/** Hands out weights in the order of their list. */
function taker(weights: np.Array[]): () => np.Array {
  let next = 0;
  return () => weights[next++]!;
}

const asImages = (pixels: np.Array) => pixels.reshape([-1, 1, SIDE, SIDE]);

const HIDDEN = 128;

/** One hidden layer. */
const mlp: Model = {
  weights: [...denseWeights("hidden", PIXELS, HIDDEN), ...denseWeights("output", HIDDEN, CLASSES)],
  logits([hiddenWeight, hiddenBias, outputWeight, outputBias], images) {
    return dense(nn.relu(dense(images, hiddenWeight!, hiddenBias!)), outputWeight!, outputBias!);
  },
};

const WIDTH1 = 8;
const WIDTH2 = 16;
const KERNEL = 3;
const QUARTER = SIDE / 4;
const QUARTER_FEATURES = WIDTH2 * QUARTER * QUARTER;

/** Two convolutions that halve the image each, then one dense layer. */
const cnn: Model = {
  weights: [
    ...convolution("conv1", 1, WIDTH1, KERNEL),
    ...convolution("conv2", WIDTH1, WIDTH2, KERNEL),
    ...denseWeights("output", QUARTER_FEATURES, CLASSES),
  ],
  logits([weight1, bias1, weight2, bias2, outputWeight, outputBias], images) {
    const half = nn.relu(convolve(asImages(images), weight1!, 2).add(bias1!));
    const quarter = nn.relu(convolve(half, weight2!, 2).add(bias2!));
    return dense(quarter.reshape([-1, QUARTER_FEATURES]), outputWeight!, outputBias!);
  },
};

/** A convolution, normalised, with a shift for each channel. */
const convNorm = (images: np.Array, next: () => np.Array, stride = 1) =>
  normalise(convolve(images, next(), stride)).add(next());

/** The same, and a ReLU. */
const convNormRelu = (images: np.Array, next: () => np.Array, stride = 1) =>
  nn.relu(convNorm(images, next, stride));

/** The first layers of the three below, as the large networks have them: 28 by 28 pixels become 7 by 7. */
const stem = (images: np.Array, next: () => np.Array) => maxPool(convNormRelu(asImages(images), next, 2));

/**
 * Features of a small grid, flat. The large networks average the grid instead, but so few channels say too little
 * without their places.
 */
const flat = (grid: np.Array) => grid.reshape([grid.shape[0]!, -1]);

const VGG_HIDDEN = 32;
/** Cells of a grid of 7 by 7 after one more pool, which leaves out the last row and column. */
const POOLED_CELLS = 3 * 3;

/** As VGG: 3 by 3 convolutions and pools, then two dense layers. */
const vgg: Model = {
  weights: [
    ...convolution("stem", 1, WIDTH1, KERNEL),
    ...convolution("block.conv1", WIDTH1, WIDTH2, KERNEL),
    ...convolution("block.conv2", WIDTH2, WIDTH2, KERNEL),
    ...denseWeights("hidden", WIDTH2 * POOLED_CELLS, VGG_HIDDEN),
    ...denseWeights("output", VGG_HIDDEN, CLASSES),
  ],
  logits(weights, images) {
    const next = taker(weights);
    let x = convNormRelu(stem(images, next), next);
    x = maxPool(convNormRelu(x, next));
    x = nn.relu(dense(flat(x), next(), next()));
    return dense(x, next(), next());
  },
};

/** Cells of a grid of 7 by 7 after a stride of 2. */
const STRIDED_CELLS = 4 * 4;

/** As ResNet: blocks whose input is added to their output; one keeps the size, one halves it. */
const resnet: Model = {
  weights: [
    ...convolution("stem", 1, WIDTH1, KERNEL),
    ...convolution("block1.conv1", WIDTH1, WIDTH1, KERNEL),
    ...convolution("block1.conv2", WIDTH1, WIDTH1, KERNEL),
    ...convolution("block2.conv1", WIDTH1, WIDTH2, KERNEL),
    ...convolution("block2.conv2", WIDTH2, WIDTH2, KERNEL),
    before("block2.shortcut", [WIDTH2, WIDTH1, 1, 1], WIDTH1),
    ...denseWeights("output", WIDTH2 * STRIDED_CELLS, CLASSES),
  ],
  logits(weights, images) {
    const next = taker(weights);
    let x = stem(images, next);
    x = nn.relu(x.ref.add(convNorm(convNormRelu(x, next), next)));
    const change = convNorm(convNormRelu(x.ref, next, 2), next);
    x = nn.relu(convolve(x, next(), 2).add(change));
    return dense(flat(x), next(), next());
  },
};

const GROWTH = 4;
const DENSE_LAYERS = 3;
/** Channels after the first block. */
const DENSE_CHANNELS = WIDTH1 + DENSE_LAYERS * GROWTH;
/** A transition halves them. */
const TRANSITION_CHANNELS = DENSE_CHANNELS / 2;
const LAST_CHANNELS = TRANSITION_CHANNELS + DENSE_LAYERS * GROWTH;

const denseBlockWeights = (name: string, inputs: number) =>
  Array.from({ length: DENSE_LAYERS }, (_, layer) =>
    convolution(`${name}.conv${layer + 1}`, inputs + layer * GROWTH, GROWTH, KERNEL),
  ).flat();

/** Each layer reads everything before it and adds {@link GROWTH} channels. */
function denseBlock(images: np.Array, next: () => np.Array): np.Array {
  let x = images;
  for (let layer = 0; layer < DENSE_LAYERS; layer++) {
    x = np.concatenate([x.ref, convNormRelu(x, next)], 1);
  }
  return x;
}

/** As DenseNet: two dense blocks with a transition between, which halves channels and size. */
const densenet: Model = {
  weights: [
    ...convolution("stem", 1, WIDTH1, KERNEL),
    ...denseBlockWeights("block1", WIDTH1),
    before("transition.weight", [TRANSITION_CHANNELS, DENSE_CHANNELS, 1, 1], DENSE_CHANNELS),
    bias("transition.bias", [TRANSITION_CHANNELS, 1, 1]),
    ...denseBlockWeights("block2", TRANSITION_CHANNELS),
    ...denseWeights("output", LAST_CHANNELS * POOLED_CELLS, CLASSES),
  ],
  logits(weights, images) {
    const next = taker(weights);
    let x = denseBlock(stem(images, next), next);
    x = meanPool(convNormRelu(x, next));
    x = denseBlock(x, next);
    return dense(flat(x), next(), next());
  },
};

export const models: Record<ModelName, Model> = { mlp, cnn, vgg, resnet, densenet };
