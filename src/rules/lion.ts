// Lion as a rule. Imports no GPU code.
import lionWgsl from "../../shaders/rules/lion.wgsl?raw";
import { decayRates, learningRate, withOptions, nonNegative } from "../options.js";
import { lionReference } from "../reference/lion.js";
import type { OptionTable, Overrides, Schedule, UpdateRule } from "../rule.js";

/** Options of {@link lion}. */
export type LionOptions = {
  /** Learning rate, a number in [0, ∞) or a schedule. Default 1e-4. */
  lr: number | Schedule;
  /** Weights of the momentum: in the sign of the step, and in what is kept; each in [0, 1). Default [0.9, 0.99]. */
  betas: [number, number];
  /** Decoupled weight decay in [0, ∞): `lr · weightDecay · p` is subtracted from the parameter. Default 0. */
  weightDecay: number;
};

const options: OptionTable<LionOptions> = {
  lr: learningRate,
  betas: decayRates,
  weightDecay: nonNegative,
};

const defaults: LionOptions = {
  lr: 1e-4,
  betas: [0.9, 0.99],
  weightDecay: 0,
};

/**
 * Lion: every element moves by lr, along the sign of an interpolated momentum.
 *
 * ```text
 * g = gradScale·grad
 * c = β1·m + (1 − β1)·g
 * p = p − (lr·weightDecay·p + lr·sign(c))
 * m = β2·m + (1 − β2)·g
 * ```
 *
 * State, float32, one per element: `expAvg` (m). Take lr 3 to 10 times smaller than AdamW's, and weightDecay as much
 * larger. Where c is within rounding of zero its sign, and so a move of 2·lr, is not determined.
 *
 * Source: Chen et al. 2023; matches google/automl.
 *
 * @param overrides options other than the defaults
 * @throws {OptionError} for an unknown option, a wrong type or a value out of range
 * @example
 * const optimizer = await Optimizer.create(device, [{ param, grad }], lion({ lr: 1e-4, weightDecay: 0.1 }));
 */
export function lion(overrides: Overrides<LionOptions> = {}): UpdateRule<LionOptions> {
  return withOptions(rule, overrides);
}

const scalars = ["gradScale", "decay", "oneMinusBeta1", "oneMinusBeta2", "lr"] as const;

const rule: UpdateRule<LionOptions, (typeof scalars)[number]> = {
  name: "lion",
  defaults,
  options,
  structural: [],
  stateSlots: () => ["expAvg"],
  scalars,
  hostScalars: ({ betas: [beta1, beta2], weightDecay }, { lr, gradScale }) => ({
    gradScale,
    decay: lr * weightDecay,
    oneMinusBeta1: 1 - beta1,
    oneMinusBeta2: 1 - beta2,
    lr,
  }),
  wgsl: () => lionWgsl,
  reference: lionReference,
};
