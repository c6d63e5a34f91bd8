// LossScale: PyTorch's GradScaler policy, learned of asynchronously.
import { OptionError, show } from "./errors.js";
import type { StepStats } from "./step-stats.js";

/** What a loss scale needs of an optimizer. */
type Watched = { stats: () => Promise<StepStats> };

/** Options of {@link LossScale}. */
export type LossScaleOptions = {
  /** First scale, in (0, ∞). Default 65536. */
  init?: number;
  /** Factor after enough clean steps, above 1. Default 2. */
  growthFactor?: number;
  /** Factor after an overflow, in (0, 1). Default 0.5. */
  backoffFactor?: number;
  /** Clean steps before the scale grows, a whole number above 0. Default 2000. */
  growthInterval?: number;
};

/**
 * The factor on the loss of training in half precision, by the policy of PyTorch's `GradScaler`: halved when a step
 * overflowed, doubled after 2000 steps that did not.
 *
 * It learns of overflows from `stats()` of an optimizer with `skipNonFinite`, without waiting for them: {@link update}
 * returns at once. Steps that overflow before the news arrives are skipped on the GPU all the same, and count as one.
 *
 * @example
 * const lossScale = new LossScale(optimizer);
 * // each step: multiply the loss by lossScale.value, run backward, then
 * optimizer.step({ gradScale: 1 / lossScale.value });
 * lossScale.update();
 */
export class LossScale {
  /** The factor for the loss of the next step. */
  value: number;
  readonly #optimizer: Watched;
  readonly #options: Required<LossScaleOptions>;
  #known = { step: 0, skippedSteps: 0 };
  #clean = 0;
  #pending: Promise<void> | undefined;

  /** @throws {OptionError} for an option out of range */
  constructor(optimizer: Watched, options: LossScaleOptions = {}) {
    const { init = 65536, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000 } = options;
    const check = (option: string, value: unknown, range: string, legal: (value: number) => boolean) => {
      if (typeof value === "number" && legal(value)) return;
      throw new OptionError(`LossScale: ${option} must be in ${range}, got ${show(value)}`, option, value);
    };
    check("init", init, "(0, ∞)", (value) => value > 0 && value < Infinity);
    check("growthFactor", growthFactor, "(1, ∞)", (value) => value > 1 && value < Infinity);
    check("backoffFactor", backoffFactor, "(0, 1)", (value) => value > 0 && value < 1);
    check(
      "growthInterval",
      growthInterval,
      "1, 2, 3, …",
      (value) => Number.isSafeInteger(value) && value > 0,
    );
    this.#optimizer = optimizer;
    this.#options = { init, growthFactor, backoffFactor, growthInterval };
    this.value = init;
  }

  /**
   * To be called after each step: asks the optimizer how its steps went, unless an answer is still on its way.
   * @returns when the answer was taken in, for those who want to wait; rejects as `stats()` does
   */
  update(): Promise<void> {
    this.#pending ??= this.#learn().finally(() => {
      this.#pending = undefined;
    });
    // Whoever awaits it sees a rejection; nobody has to.
    this.#pending.catch(() => undefined);
    return this.#pending;
  }

  async #learn(): Promise<void> {
    const { step, skippedSteps } = await this.#optimizer.stats();
    const { growthFactor, backoffFactor, growthInterval } = this.#options;
    const ran = step - this.#known.step;
    const overflowed = skippedSteps - this.#known.skippedSteps;
    this.#known = { step, skippedSteps };
    if (overflowed > 0) {
      this.value *= backoffFactor;
      this.#clean = 0;
      return;
    }
    this.#clean += ran;
    while (this.#clean >= growthInterval) {
      this.#clean -= growthInterval;
      this.value *= growthFactor;
    }
  }
}
