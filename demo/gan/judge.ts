// How far made digits are from real ones: a classifier of digits, trained by the package, and the Fréchet distance of
// its features. Must not know how digits are made.
import { jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { adam } from "webgpu-optim";
import {
  CLASSES,
  type DigitSet,
  gather,
  PIXEL_DEVIATION,
  PIXEL_MEAN,
  PIXELS,
  readDigits,
} from "../digits/data";
import { crossEntropy, dense } from "../learning/layers";
import { Learner } from "../learning/learner";
import { floats } from "../learning/readback";
import { createWeights, dense as denseWeights } from "../learning/weights";
import { permutation, seededRandom } from "../shared/random";
import { frechetDistance, type Gaussian, gaussianOf } from "./frechet";

const HIDDEN = 128;
/** Features of the last hidden layer, over which the distance is measured. */
export const FEATURES = 32;
/** Made images that one distance is measured over. */
export const JUDGED_IMAGES = 1000;
const REAL_IMAGES = 5000;

const BATCH = 128;
const STEPS = 300;
const LR = 2e-3;
/** Always the same one: distances of different runs are by the same judge. */
const SEED = 1;

const SPECS = [
  ...denseWeights("hidden", PIXELS, HIDDEN),
  ...denseWeights("features", HIDDEN, FEATURES),
  ...denseWeights("output", FEATURES, CLASSES),
];

function featuresOf(weights: np.Array[], images: np.Array): np.Array {
  const [weight1, bias1, weight2, bias2] = weights;
  return nn.relu(dense(nn.relu(dense(images, weight1!, bias1!)), weight2!, bias2!));
}

const logitsOf = (weights: np.Array[], images: np.Array) =>
  dense(featuresOf(weights.slice(0, 4), images), weights[4]!, weights[5]!);

const differentiate = jit(
  valueAndGrad((weights: np.Array[], images: np.Array, labels: np.Array) =>
    crossEntropy(logitsOf(weights, images), labels),
  ),
);
const features = jit((weights: np.Array[], images: np.Array) => featuresOf(weights.slice(0, 4), images));
const logits = jit(logitsOf);

/** A classifier of digits that is trained no more, and the real digits' features. */
export class Judge {
  readonly #learner: Learner;
  #real!: Gaussian;

  private constructor(learner: Learner) {
    this.#learner = learner;
  }

  /** Trains the classifier: a second on a GPU, some ten in software. Always gives the same judge on the same device. */
  static async create(
    device: GPUDevice,
    trainingSet: DigitSet,
    testSet: DigitSet,
    onProgress: (fraction: number) => void = () => undefined,
  ): Promise<Judge> {
    const random = seededRandom(SEED);
    const weights = createWeights(SPECS, random);
    let order = permutation(trainingSet.count, random);
    const upload = (positions: Uint32Array) => {
      const batch = gather(trainingSet, positions);
      return [
        np.array(batch.images, { shape: [positions.length, PIXELS], device: "webgpu" }),
        np.array(batch.labels, { shape: [positions.length, CLASSES], device: "webgpu" }),
      ] as const;
    };
    const trial = differentiate(
      weights.map((weight) => weight.ref),
      ...upload(order.subarray(0, BATCH)),
    );
    await trial[0].data();
    const learner = await Learner.create(device, SPECS, weights, trial[1], adam({ lr: LR }));
    const perEpoch = Math.floor(trainingSet.count / BATCH);
    for (let step = 0; step < STEPS; step++) {
      const place = step % perEpoch;
      if (place === 0) order = permutation(trainingSet.count, random);
      learner.lr = (LR * (1 + Math.cos((Math.PI * step) / STEPS))) / 2;
      const [loss, gradients] = differentiate(
        learner.refs(),
        ...upload(order.subarray(place * BATCH, (place + 1) * BATCH)),
      );
      learner.step(gradients);
      if (step % 10 === 9) {
        await loss.data();
        onProgress((step + 1) / STEPS);
      } else loss.dispose();
    }
    const made = new Judge(learner);
    const real = gather(
      testSet,
      Uint32Array.from({ length: REAL_IMAGES }, (_, index) => index),
    ).images;
    made.#real = gaussianOf(await made.#features(np.array(real, { shape: [REAL_IMAGES, PIXELS] })), FEATURES);
    return made;
  }

  /** Share of the first `count` images of a set that it reads right. */
  async accuracy(set: DigitSet, count: number): Promise<number> {
    const { images } = gather(
      set,
      Uint32Array.from({ length: count }, (_, index) => index),
    );
    const digits = readDigits(
      await floats(logits(this.#learner.refs(), np.array(images, { shape: [count, PIXELS] }))),
    );
    return digits.filter((digit, row) => digit === set.labels[row]).length / count;
  }

  /** The distance of images `[n, PIXELS]`, between 0 and 1 in each pixel, from real digits. Consumes them. */
  async distance(images: np.Array): Promise<number> {
    // As gather() makes them of bytes.
    const made = await this.#features(images.sub(PIXEL_MEAN).mul(1 / PIXEL_DEVIATION));
    if (!made.every(Number.isFinite)) return NaN;
    return frechetDistance(gaussianOf(made, FEATURES), this.#real);
  }

  #features(images: np.Array): Promise<Float32Array> {
    return floats(features(this.#learner.refs(), images));
  }
}
