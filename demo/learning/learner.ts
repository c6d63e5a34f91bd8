// A network's weights and the optimizer that steps them: jax-js computes gradients, the package changes the weights in
// place on the GPU. Must not know any network.
//
// How the two share memory: each weight is a jax-js array whose memory no other array shares; its buffer is the
// optimizer's `param`. jax-js is lazy, but asking for the buffer of one output submits the whole program, so all reads
// of the old weights are queued before the step that changes them. Gradients come in buffers of jax-js's pool, which
// rotate; they are released only after the step that reads them has been submitted.
import type { numpy as np } from "@jax-js/jax";
import {
  Optimizer,
  type OptimizerOptions,
  type Parameter,
  type RuleOptions,
  type StepStats,
  type UpdateRule,
} from "webgpu-optim";
import { GpuTimer } from "../shared/gpu-timer";
import type { WeightSpec } from "./weights";

export class Learner {
  readonly #weights: readonly np.Array[];
  readonly #parameters: readonly Parameter[];
  readonly #optimizer: Optimizer<RuleOptions>;
  readonly #timer: GpuTimer | null;

  private constructor(
    weights: readonly np.Array[],
    parameters: readonly Parameter[],
    optimizer: Optimizer<RuleOptions>,
    timer: GpuTimer | null,
  ) {
    this.#weights = weights;
    this.#parameters = parameters;
    this.#optimizer = optimizer;
    this.#timer = timer;
  }

  /**
   * Takes the weights over.
   * @param gradients of a trial pass, which has compiled the kernels; released, not applied
   */
  static async create(
    device: GPUDevice,
    specs: readonly WeightSpec[],
    weights: readonly np.Array[],
    gradients: readonly np.Array[],
    rule: UpdateRule<RuleOptions>,
    options: OptimizerOptions = {},
  ): Promise<Learner> {
    const parameters = specs.map(({ name }, index) => ({
      name,
      param: weights[index]!.ref.gpuBufferSync(),
      grad: gradients[index]!.ref.gpuBufferSync(),
    }));
    const optimizer = await Optimizer.create(device, parameters, rule, options);
    for (const gradient of gradients) gradient.dispose();
    return new Learner(weights, parameters, optimizer, GpuTimer.create(device));
  }

  /** The weights as arguments of one call, which consumes them. */
  refs(): np.Array[] {
    return this.#weights.map((weight) => weight.ref);
  }

  /** Sets the learning rate of the steps from the next one on. */
  set lr(lr: number) {
    this.#optimizer.paramGroups[0]!.lr = lr;
  }

  /** Steps the weights in place, releases the gradients and returns the host time of `step()` in milliseconds. */
  step(gradients: readonly np.Array[]): number {
    gradients.forEach((gradient, index) => {
      this.#parameters[index]!.grad = gradient.ref.gpuBufferSync();
    });
    const start = performance.now();
    if (this.#timer) {
      this.#timer.run((pass) => {
        this.#optimizer.step({ pass });
      });
    } else this.#optimizer.step();
    const elapsed = performance.now() - start;
    for (const gradient of gradients) gradient.dispose();
    return elapsed;
  }

  /**
   * GPU time of the last steps, or null where the device cannot measure it.
   * @param stepCount steps since the last call; scales the time up when there were more than the timer has room for
   */
  async gpuMs(stepCount: number): Promise<number | null> {
    const time = await this.#timer?.read();
    return time ? (time.totalMs * stepCount) / time.passCount : null;
  }

  /** The norm of the latest gradients, how far it was clipped, and the like; waits for the GPU. */
  stats(): Promise<StepStats> {
    return this.#optimizer.stats();
  }

  /** Frees weights and states. Nothing may be running. */
  destroy(): void {
    this.#optimizer.destroy();
    this.#timer?.destroy();
    for (const weight of this.#weights) weight.dispose();
  }
}
