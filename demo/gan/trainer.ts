// One GAN under one rule, which steps both networks. Must not know pages. Two runs with the same options see the same
// digits and the same noise from the same start, whatever their rules.
import { jit, lax, numpy as np, valueAndGrad } from "@jax-js/jax";
import type { RuleOptions, UpdateRule } from "webgpu-optim";
import { type DigitSet, PIXELS } from "../digits/data";
import { Learner } from "../learning/learner";
import { disposeAll, firsts, floats } from "../learning/readback";
import type { StepsReport } from "../learning/train-together";
import { createWeights } from "../learning/weights";
import { normalFrom, seededRandom } from "../shared/random";
import { discriminatorWeights, generate, generatorWeights, discriminate, NOISE } from "./models";

export type GanOptions = {
  /** Real digits, and as many made ones, in a step. */
  batch: number;
  totalSteps: number;
  seed: number;
};

/** `loss` is the discriminator's; the generator's is beside it. Both are of the last step. */
export type GanSteps = StepsReport & { generatorLoss: number };

const WHITE = 255;

/** `log(1 + exp(x))`, for large x too, where jax-js's own is infinite. */
const softplus = (x: np.Array) => np.logaddexp(x, 0);

/** How far real and made digits are from being told apart: 2 ln 2 when it guesses. */
function discriminatorLoss(
  discriminator: np.Array[],
  generator: np.Array[],
  real: np.Array,
  noise: np.Array,
): np.Array {
  const [count] = real.shape as [number];
  const made = lax.stopGradient(generate(generator, noise));
  const logits = discriminate(discriminator, np.concatenate([real, made], 0));
  const onReal = logits.ref.slice([0, count]);
  const onMade = logits.slice([count, 2 * count]);
  return softplus(onReal.neg()).mean().add(softplus(onMade).mean());
}

/** How far made digits are from being taken for real (the non-saturating loss of Goodfellow et al. 2014). */
const generatorLoss = (generator: np.Array[], discriminator: np.Array[], noise: np.Array): np.Array =>
  softplus(discriminate(discriminator, generate(generator, noise)).neg()).mean();

// Compiled once for each set of shapes, for all runs.
const differentiateDiscriminator = jit(valueAndGrad(discriminatorLoss));
const differentiateGenerator = jit(valueAndGrad(generatorLoss));
const make = jit(generate);

/** Noise `[count, NOISE]` for images that are compared over time and between runs. */
export function fixedNoise(count: number, seed: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count * NOISE }, normalFrom(seededRandom(seed)));
}

const uploadNoise = (values: Float32Array<ArrayBuffer>) =>
  np.array(values, { shape: [values.length / NOISE, NOISE], device: "webgpu" });

export class GanTrainer {
  /** Completed steps, each of which steps both networks. */
  step = 0;
  readonly totalSteps: number;
  readonly #options: GanOptions;
  readonly #digits: DigitSet;
  readonly #random: () => number;
  readonly #normal: () => number;
  #generator!: Learner;
  #discriminator!: Learner;

  private constructor(digits: DigitSet, options: GanOptions) {
    this.totalSteps = options.totalSteps;
    this.#options = options;
    this.#digits = digits;
    this.#random = seededRandom(options.seed);
    this.#normal = normalFrom(this.#random);
  }

  /**
   * Compiles the networks and an optimizer for each. The same seed gives the same run on the same device.
   * @param device the device of jax-js
   */
  static async create(
    device: GPUDevice,
    digits: DigitSet,
    options: GanOptions,
    rule: UpdateRule<RuleOptions>,
  ): Promise<GanTrainer> {
    const trainer = new GanTrainer(digits, options);
    await trainer.#prepare(device, rule);
    return trainer;
  }

  async #prepare(device: GPUDevice, rule: UpdateRule<RuleOptions>): Promise<void> {
    const generator = createWeights(generatorWeights, this.#random);
    const discriminator = createWeights(discriminatorWeights, this.#random);
    const refs = (weights: np.Array[]) => weights.map((weight) => weight.ref);
    // Passes that are thrown away: they compile the kernels without blocking the page.
    const [loss1, gradients1] = differentiateDiscriminator(
      refs(discriminator),
      refs(generator),
      this.#real(),
      this.#noise(),
    );
    const [loss2, gradients2] = differentiateGenerator(refs(generator), refs(discriminator), this.#noise());
    await Promise.all([loss1.blockUntilReady(), loss2.blockUntilReady()]);
    disposeAll([loss1, loss2]);
    this.#discriminator = await Learner.create(device, discriminatorWeights, discriminator, gradients1, rule);
    this.#generator = await Learner.create(device, generatorWeights, generator, gradients2, rule);
  }

  /** Trains for a number of steps; the losses are read back once, after the last. */
  async train(stepCount: number): Promise<GanSteps> {
    const start = performance.now();
    let last: Promise<number[]> | undefined;
    for (let index = 0; index < stepCount; index++) {
      const [loss1, gradients1] = differentiateDiscriminator(
        this.#discriminator.refs(),
        this.#generator.refs(),
        this.#real(),
        this.#noise(),
      );
      this.#discriminator.step(gradients1);
      const [loss2, gradients2] = differentiateGenerator(
        this.#generator.refs(),
        this.#discriminator.refs(),
        this.#noise(),
      );
      this.#generator.step(gradients2);
      this.step++;
      // One step may run while the next is being prepared; a longer queue only slows both down.
      await last;
      last = firsts([loss1, loss2]);
    }
    const [loss = NaN, madeLoss = NaN] = (await last) ?? [];
    return { stepCount, loss, generatorLoss: madeLoss, wallMs: performance.now() - start };
  }

  /** Sets the learning rate of both networks from the next step on. */
  set lr(lr: number) {
    this.#generator.lr = lr;
    this.#discriminator.lr = lr;
  }

  /** Images of noise, {@link PIXELS} numbers between 0 and 1 each, on the GPU. */
  images(noise: Float32Array<ArrayBuffer>): np.Array {
    return make(this.#generator.refs(), uploadNoise(noise));
  }

  /** The same, read back. */
  pixels(noise: Float32Array<ArrayBuffer>): Promise<Float32Array> {
    return floats(this.images(noise));
  }

  /** Frees weights and states of both networks. Nothing may be running. */
  destroy(): void {
    this.#generator.destroy();
    this.#discriminator.destroy();
  }

  #noise(): np.Array {
    return uploadNoise(Float32Array.from({ length: this.#options.batch * NOISE }, this.#normal));
  }

  /** Digits drawn at random, between 0 and 1. */
  #real(): np.Array {
    const { batch } = this.#options;
    const values = new Float32Array(batch * PIXELS);
    for (let row = 0; row < batch; row++) {
      const first = Math.floor(this.#random() * this.#digits.count) * PIXELS;
      for (let pixel = 0; pixel < PIXELS; pixel++) {
        values[row * PIXELS + pixel] = this.#digits.images[first + pixel]! / WHITE;
      }
    }
    return np.array(values, { shape: [batch, PIXELS], device: "webgpu" });
  }
}
