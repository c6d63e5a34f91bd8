// What the tasks of the experiments measure, in words and units, and what the paper reports for its own. It must not know
// results.

/**
 * @typedef {object} TaskText
 * @property {string} title
 * @property {string} measure what a value is
 * @property {boolean} higherIsBetter
 * @property {(value: number) => string} format
 * @property {(value: number) => string} formatSpread
 * @property {(variant: string) => string} variant
 * @property {(sizes: import("./grid.mjs").Sizes) => string} scale what was trained, on what, for how long
 * @property {string} paper
 */

const percent = (/** @type {number} */ value) => `${(100 * value).toFixed(2)} %`;
const fixed = (/** @type {number} */ digits) => (/** @type {number} */ value) => value.toFixed(digits);
const count = (/** @type {number | undefined} */ value) => (value ?? NaN).toLocaleString("en");

/** @type {Record<string, string>} */
const NETWORKS = { vgg: "VGG-style", resnet: "ResNet-style", densenet: "DenseNet-style" };

/** @type {Record<import("./grid.mjs").Task, TaskText>} */
export const TASK_TEXTS = {
  images: {
    title: "Images",
    measure: "accuracy on the 10,000 test images of MNIST",
    higherIsBetter: true,
    format: percent,
    formatSpread: percent,
    variant: (variant) => NETWORKS[variant] ?? variant,
    scale: ({ steps, batch, limit }) =>
      `Networks of 5,000 to 9,000 weights, ${count(steps)} steps of ${count(batch)} images drawn from ${count(limit)} ` +
      "training images of MNIST; the learning rate falls to a tenth after half and after three quarters of the steps.",
    paper:
      "ImageNet, ResNet18 (11.7 million weights, 90 epochs): AdaBelief 70.08 %, SGD 70.23 %, Adam 63.79 %. " +
      "There AdaBelief is level with SGD and far ahead of Adam.",
  },
  language: {
    title: "Language",
    measure: "perplexity per character on the last twentieth of Moby-Dick, which is never trained on",
    higherIsBetter: false,
    format: fixed(3),
    formatSpread: fixed(3),
    variant: (variant) => (variant === "1" ? "1 layer" : `${variant} layers`),
    scale: ({ steps, streams, window, hidden }) =>
      `LSTM layers of ${count(hidden)} cells over characters, ${count(steps)} steps of ${count(streams)} streams of ` +
      `${count(window)} characters, gradients clipped to a norm of 0.25; the learning rate falls to a tenth after half ` +
      "and after three quarters of the steps.",
    paper:
      "Penn Treebank, perplexity per word, LSTMs of 1, 2 and 3 layers (200 epochs): AdaBelief 84.21, 66.29, 61.23; Adam " +
      "84.28, 67.27, 64.28. There AdaBelief is ahead, by more with every layer. Perplexities per word and per " +
      "character cannot be compared.",
  },
  gan: {
    title: "GAN",
    measure:
      "Fréchet distance (FID) of 1,000 made digits from 5,000 real ones, over 32 features of a digit classifier",
    higherIsBetter: false,
    format: fixed(1),
    formatSpread: fixed(1),
    variant: () => "Dense",
    scale: ({ steps, batch }) =>
      `Two dense networks of 100,000 weights each on MNIST, ${count(steps)} steps of each with ${count(batch)} images, ` +
      "one learning rate throughout.",
    paper:
      "CIFAR-10, SN-GAN, FID over Inception features: AdaBelief 12.52, Adam 13.05. There AdaBelief is ahead by a " +
      "little. FIDs over different features cannot be compared.",
  },
};
