// One training run on digits under one rule. Must not know pages or the terminal. Two runs with the same options see
// the same batches from the same start, whatever their rules.
import { jit, numpy as np, valueAndGrad } from "@jax-js/jax";
import type { OptimizerOptions, RuleOptions, StepStats, UpdateRule } from "webgpu-optim";
import { crossEntropy } from "../learning/layers";
import { Learner } from "../learning/learner";
import { disposeAll, floats } from "../learning/readback";
import type { StepsReport } from "../learning/train-together";
import { createWeights } from "../learning/weights";
import { permutation, seededRandom } from "../shared/random";
import { CLASSES, type DigitSet, gather, PIXELS, readDigits, surprise } from "./data";
import { models } from "./models";
import { type ModelName, runLength, type RunOptions } from "./options.mjs";

export type TrainingOptions = Pick<RunOptions, "model" | "batch" | "epochs" | "limit" | "seed"> & {
  /** Images are read in batches of this size: one shape, so one compilation. {@link READ_BATCH} if absent. */
  readBatch?: number;
};

/** What a number of steps brought. `loss` is the mean cross-entropy of the last batch, before its step. */
export type DigitSteps = StepsReport & {
  /** Share of the last batch that was read right, before its step. */
  accuracy: number;
  /** Host time inside the optimizer's `step()`. */
  optimizerHostMs: number;
  /** GPU time of the optimizer's passes, or null where the device cannot measure it. */
  optimizerGpuMs: number | null;
};

/** How well images are read: mean cross-entropy, and share that is right. */
export type Score = { loss: number; accuracy: number };

export const READ_BATCH = 500;

function compile(name: ModelName) {
  const { logits } = models[name];
  const lossAndLogits = (weights: np.Array[], images: np.Array, labels: np.Array): [np.Array, np.Array] => {
    const read = logits(weights, images);
    return [crossEntropy(read.ref, labels), read];
  };
  return { differentiate: jit(valueAndGrad(lossAndLogits, { hasAux: true })), logits: jit(logits) };
}

/** Compiled once for all runs of a model. */
const compiled = new Map<ModelName, ReturnType<typeof compile>>();

function compiledModel(name: ModelName) {
  const known = compiled.get(name) ?? compile(name);
  compiled.set(name, known);
  return known;
}

export class Trainer {
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Completed steps. */
  step = 0;
  readonly #options: TrainingOptions;
  readonly #readBatch: number;
  readonly #trainingSet: DigitSet;
  readonly #random: () => number;
  readonly #functions: ReturnType<typeof compile>;
  #learner!: Learner;
  #order: Uint32Array = new Uint32Array();
  #isSpoilt = false;
  /** Mean cross-entropy of the last batch that was not spoilt. */
  #loss: number | undefined;

  private constructor(trainingSet: DigitSet, options: TrainingOptions) {
    const { stepsPerEpoch, totalSteps } = runLength(options);
    this.stepsPerEpoch = stepsPerEpoch;
    this.totalSteps = totalSteps;
    this.#options = options;
    this.#readBatch = options.readBatch ?? READ_BATCH;
    this.#trainingSet = { ...trainingSet, count: options.limit };
    this.#random = seededRandom(options.seed);
    this.#functions = compiledModel(options.model);
  }

  /**
   * Compiles the model and the optimizer for a run. The same seed gives the same run on the same device.
   * @param device the device of jax-js
   */
  static async create(
    device: GPUDevice,
    trainingSet: DigitSet,
    options: TrainingOptions,
    rule: UpdateRule<RuleOptions>,
    optimizerOptions: OptimizerOptions = {},
  ): Promise<Trainer> {
    const trainer = new Trainer(trainingSet, options);
    await trainer.#prepare(device, rule, optimizerOptions);
    return trainer;
  }

  async #prepare(
    device: GPUDevice,
    rule: UpdateRule<RuleOptions>,
    optimizerOptions: OptimizerOptions,
  ): Promise<void> {
    const { weights: specs } = models[this.#options.model];
    const weights = createWeights(specs, this.#random);
    // One pass that is thrown away: it compiles the kernels without blocking the page.
    const positions = Uint32Array.from({ length: this.#options.batch }, (_, index) => index);
    const { loss, logits, gradients } = this.#differentiate(
      weights.map((weight) => weight.ref),
      positions,
    );
    await loss.blockUntilReady();
    this.#learner = await Learner.create(device, specs, weights, gradients, rule, optimizerOptions);
    disposeAll([loss, logits]);
  }

  get epoch(): number {
    return Math.min(this.#options.epochs, 1 + Math.floor(this.step / this.stepsPerEpoch));
  }

  /** Sets the learning rate of the steps from the next one on. */
  set lr(lr: number) {
    this.#learner.lr = lr;
  }

  /** What the optimizer tells of its latest step. */
  stats(): Promise<StepStats> {
    return this.#learner.stats();
  }

  /** Makes a pixel of the next batch no number, and so its loss and its gradients. */
  spoil(): void {
    this.#isSpoilt = true;
  }

  /** Trains for a number of steps; the loss is read back once, after the last. */
  async train(stepCount: number): Promise<DigitSteps> {
    const start = performance.now();
    let optimizerHostMs = 0;
    let wasSpoilt = false;
    let lossAndLogits: [loss: np.Array, logits: np.Array] | undefined;
    let positions: Uint32Array = new Uint32Array();
    for (let index = 0; index < stepCount; index++) {
      disposeAll(lossAndLogits ?? []);
      positions = this.#nextPositions();
      wasSpoilt = this.#isSpoilt;
      const { loss, logits, gradients } = this.#differentiate(this.#learner.refs(), positions);
      optimizerHostMs += this.#learner.step(gradients);
      lossAndLogits = [loss, logits];
      this.step++;
    }
    if (!lossAndLogits) throw new RangeError("train() needs at least one step");
    const [[loss], logits, optimizerGpuMs] = await Promise.all([
      floats(lossAndLogits[0]),
      floats(lossAndLogits[1]),
      this.#learner.gpuMs(stepCount),
    ]);
    const digits = readDigits(logits);
    const right = positions.filter(
      (position, row) => this.#trainingSet.labels[position] === digits[row],
    ).length;
    // A batch that is no number says nothing of the network.
    if (!wasSpoilt || this.#loss === undefined) this.#loss = loss!;
    return {
      stepCount,
      loss: this.#loss,
      accuracy: right / positions.length,
      wallMs: performance.now() - start,
      optimizerHostMs,
      optimizerGpuMs,
    };
  }

  /** Reads images of a set with the weights as they are now: the digit that the model sees in each. */
  async read(set: DigitSet, first: number, count: number): Promise<Uint8Array> {
    return readDigits(await this.#logits(set, first, count));
  }

  /** How well the first `count` images of a set are read. */
  async score(set: DigitSet, count = set.count, onProgress?: (fraction: number) => void): Promise<Score> {
    let right = 0;
    let loss = 0;
    for (let first = 0; first < count; first += this.#readBatch) {
      const logits = await this.#logits(set, first, Math.min(this.#readBatch, count - first));
      const digits = readDigits(logits);
      right += digits.filter((digit, row) => digit === set.labels[first + row]).length;
      loss += surprise(logits, set.labels.subarray(first));
      onProgress?.(Math.min(1, (first + this.#readBatch) / count));
    }
    return { loss: loss / count, accuracy: right / count };
  }

  /** Frees weights and states. Nothing may be running. */
  destroy(): void {
    this.#learner.destroy();
  }

  async #logits(set: DigitSet, first: number, count: number): Promise<Float32Array> {
    const positions = Uint32Array.from(
      { length: this.#readBatch },
      (_, row) => first + Math.min(row, count - 1),
    );
    const images = np.array(gather(set, positions).images, {
      shape: [this.#readBatch, PIXELS],
      device: "webgpu",
    });
    const logits = await floats(this.#functions.logits(this.#learner.refs(), images));
    return logits.subarray(0, count * CLASSES);
  }

  /** Training images of the next step; each epoch has a new order, and leaves out what fills no batch. */
  #nextPositions(): Uint32Array {
    const { batch } = this.#options;
    const first = (this.step % this.stepsPerEpoch) * batch;
    if (first === 0) this.#order = permutation(this.#trainingSet.count, this.#random);
    return this.#order.slice(first, first + batch);
  }

  #differentiate(weights: np.Array[], positions: Uint32Array) {
    const batch = gather(this.#trainingSet, positions);
    if (this.#isSpoilt) batch.images[0] = NaN;
    this.#isSpoilt = false;
    const images = np.array(batch.images, { shape: [positions.length, PIXELS], device: "webgpu" });
    const labels = np.array(batch.labels, { shape: [positions.length, CLASSES], device: "webgpu" });
    const [[loss, logits], gradients] = this.#functions.differentiate(weights, images, labels);
    return { loss, logits, gradients };
  }
}
