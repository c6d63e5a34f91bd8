// One training run: jax-js computes loss and gradients, the optimizer steps the weights in place on the GPU. Must
// not know the page or the terminal.
//
// How the two share memory: each weight is a jax-js array whose memory no other array shares; its buffer is the
// optimizer's `param`. jax-js is lazy, but asking for the buffer of one output submits the whole program, so all reads
// of the old weights are queued before the step that changes them. Gradients come in buffers of jax-js's pool, which
// rotate; they are released only after the step that reads them has been submitted.
import { jit, numpy as np, valueAndGrad } from "@jax-js/jax";
import { adabelief, adam, adamw, Optimizer, type Parameter, type Schedule } from "webgpu-optim";
import { GpuTimer } from "../shared/gpu-timer";
import { permutation, seededRandom } from "../shared/random";
import { CLASSES, type DigitSet, gather, PIXELS, readDigits } from "./data";
import { crossEntropy, initialValues, type Model, models } from "./models";
import { type RuleName, runLength, type RunOptions } from "./options.mjs";

/** What a number of steps brought. */
export type StepsReport = {
  stepCount: number;
  /** Mean cross-entropy of the last batch, before its step. */
  loss: number;
  /** Share of the last batch that was read right, before its step. */
  accuracy: number;
  /** Wall time of all the steps, readback of the loss included. */
  wallMs: number;
  /** Host time inside the optimizer's `step()`. */
  optimizerHostMs: number;
  /** GPU time of the optimizer's passes, or null where the device cannot measure it. */
  optimizerGpuMs: number | null;
};

/** Images are read in batches of this size: one shape, so one compilation. */
export const READ_BATCH = 500;

function createOptimizer(device: GPUDevice, parameters: Parameter[], rule: RuleName, lr: number | Schedule) {
  switch (rule) {
    case "adabelief":
      return Optimizer.create(device, parameters, adabelief({ lr }));
    case "adam":
      return Optimizer.create(device, parameters, adam({ lr }));
    case "adamw":
      return Optimizer.create(device, parameters, adamw({ lr }));
  }
}

/** Submits what is pending, reads the array back and releases it. */
async function floats(array: np.Array): Promise<Float32Array> {
  return (await array.data()) as Float32Array;
}

function differentiate(model: Model, batch: number) {
  return jit(valueAndGrad(crossEntropy(model, batch), { hasAux: true }));
}

export class Trainer {
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Completed steps. */
  step = 0;
  readonly #device: GPUDevice;
  readonly #options: RunOptions;
  readonly #trainingSet: DigitSet;
  readonly #random: () => number;
  readonly #weights: np.Array[];
  readonly #lossAndGradients: ReturnType<typeof differentiate>;
  readonly #logits: ReturnType<typeof jit<Model["logits"]>>;
  readonly #timer: GpuTimer | null;
  #parameters: Parameter[] = [];
  #optimizer!: Awaited<ReturnType<typeof createOptimizer>>;
  #order: Uint32Array = new Uint32Array();

  private constructor(device: GPUDevice, trainingSet: DigitSet, options: RunOptions) {
    const model = models[options.model];
    const { stepsPerEpoch, totalSteps } = runLength(options);
    this.stepsPerEpoch = stepsPerEpoch;
    this.totalSteps = totalSteps;
    this.#device = device;
    this.#options = options;
    this.#trainingSet = { ...trainingSet, count: options.limit };
    this.#random = seededRandom(options.seed);
    this.#weights = model.weights.map((spec) =>
      np.array(initialValues(spec, this.#random), { shape: spec.shape, device: "webgpu" }),
    );
    this.#lossAndGradients = differentiate(model, options.batch);
    this.#logits = jit(model.logits);
    this.#timer = GpuTimer.create(device);
  }

  /**
   * Compiles the model and the optimizer for a run. The same seed gives the same run on the same device.
   * @param device the device of jax-js
   * @param lr learning rate, or a schedule of it; the options' one is not read
   */
  static async create(
    device: GPUDevice,
    trainingSet: DigitSet,
    options: RunOptions,
    lr: number | Schedule = options.lr,
  ): Promise<Trainer> {
    const trainer = new Trainer(device, trainingSet, options);
    await trainer.#prepare(lr);
    return trainer;
  }

  async #prepare(lr: number | Schedule): Promise<void> {
    const { model, rule, batch } = this.#options;
    // One forward and backward pass that is thrown away: it compiles the kernels without blocking the page.
    const positions = Uint32Array.from({ length: batch }, (_, index) => index);
    const { loss, logits, gradients } = this.#differentiate(positions);
    await loss.blockUntilReady();
    this.#parameters = models[model].weights.map(({ name }, index) => ({
      name,
      param: this.#weights[index]!.ref.gpuBufferSync(),
      grad: gradients[index]!.ref.gpuBufferSync(),
    }));
    this.#optimizer = await createOptimizer(this.#device, this.#parameters, rule, lr);
    for (const array of [loss, logits, ...gradients]) array.dispose();
  }

  get epoch(): number {
    return Math.min(this.#options.epochs, 1 + Math.floor(this.step / this.stepsPerEpoch));
  }

  /** Sets the learning rate of the steps from the next one on. */
  set lr(lr: number) {
    this.#optimizer.paramGroups[0]!.lr = lr;
  }

  /** Trains for a number of steps; the loss is read back once, after the last. */
  async train(stepCount: number): Promise<StepsReport> {
    const start = performance.now();
    let optimizerHostMs = 0;
    let lossAndLogits: [np.Array, np.Array] | undefined;
    let positions: Uint32Array = new Uint32Array();
    for (let index = 0; index < stepCount; index++) {
      lossAndLogits?.forEach((array) => {
        array.dispose();
      });
      positions = this.#nextPositions();
      const { loss, logits, gradients } = this.#differentiate(positions);
      optimizerHostMs += this.#stepOptimizer(gradients);
      lossAndLogits = [loss, logits];
      this.step++;
    }
    if (!lossAndLogits) throw new RangeError("train() needs at least one step");
    const [[loss], logits, gpuTime] = await Promise.all([
      floats(lossAndLogits[0]),
      floats(lossAndLogits[1]),
      this.#timer?.read(),
    ]);
    const digits = readDigits(logits);
    const right = positions.filter(
      (position, row) => this.#trainingSet.labels[position] === digits[row],
    ).length;
    return {
      stepCount,
      loss: loss!,
      accuracy: right / positions.length,
      wallMs: performance.now() - start,
      optimizerHostMs,
      // Scaled up when there were more passes than the timer had room for.
      optimizerGpuMs: gpuTime ? (gpuTime.totalMs * stepCount) / gpuTime.passCount : null,
    };
  }

  /** Reads images of a set with the weights as they are now: the digit that the model sees in each. */
  async read(set: DigitSet, first: number, count: number): Promise<Uint8Array> {
    const positions = Uint32Array.from({ length: READ_BATCH }, (_, row) => first + Math.min(row, count - 1));
    const images = np.array(gather(set, positions).images, { shape: [READ_BATCH, PIXELS], device: "webgpu" });
    const logits = await floats(this.#logits(this.#weightRefs(), images));
    return readDigits(logits.subarray(0, count * CLASSES));
  }

  /** Share of the first `count` images of a set that are read right. */
  async accuracy(set: DigitSet, count = set.count, onProgress?: (fraction: number) => void): Promise<number> {
    let right = 0;
    for (let first = 0; first < count; first += READ_BATCH) {
      const digits = await this.read(set, first, Math.min(READ_BATCH, count - first));
      right += digits.filter((digit, row) => digit === set.labels[first + row]).length;
      onProgress?.(Math.min(1, (first + READ_BATCH) / count));
    }
    return right / count;
  }

  /** Frees weights and states. Nothing may be running. */
  destroy(): void {
    this.#optimizer.destroy();
    this.#timer?.destroy();
    for (const weight of this.#weights) weight.dispose();
  }

  #weightRefs(): np.Array[] {
    return this.#weights.map((weight) => weight.ref);
  }

  /** Training images of the next step; each epoch has a new order, and leaves out what fills no batch. */
  #nextPositions(): Uint32Array {
    const { batch } = this.#options;
    const first = (this.step % this.stepsPerEpoch) * batch;
    if (first === 0) this.#order = permutation(this.#trainingSet.count, this.#random);
    return this.#order.slice(first, first + batch);
  }

  #differentiate(positions: Uint32Array) {
    const batch = gather(this.#trainingSet, positions);
    const images = np.array(batch.images, { shape: [positions.length, PIXELS], device: "webgpu" });
    const labels = np.array(batch.labels, { shape: [positions.length, CLASSES], device: "webgpu" });
    const [[loss, logits], gradients] = this.#lossAndGradients(this.#weightRefs(), images, labels);
    return { loss, logits, gradients };
  }

  /** Steps the weights in place, releases the gradients and returns the host time of `step()` in milliseconds. */
  #stepOptimizer(gradients: np.Array[]): number {
    gradients.forEach((gradient, index) => {
      this.#parameters[index]!.grad = gradient.ref.gpuBufferSync();
    });
    const optimizer = this.#optimizer;
    const start = performance.now();
    if (this.#timer) {
      this.#timer.run((pass) => {
        optimizer.step({ pass });
      });
    } else optimizer.step();
    const elapsed = performance.now() - start;
    for (const gradient of gradients) gradient.dispose();
    return elapsed;
  }
}
