// Adagrad as a rule. Imports no GPU code.
import adagradWgsl from "../../shaders/rules/adagrad.wgsl?raw";
import { SMALLEST_NORMAL } from "../host-scalars.js";
import { flag, learningRate, withOptions, nonNegative } from "../options.js";
import { adagradReference } from "../reference/adagrad.js";
import type { OptionTable, Overrides, Schedule, UpdateRule } from "../rule.js";

/** Options of {@link adagrad}. */
export type AdagradOptions = {
  /** Learning rate, a number in [0, ∞) or a schedule. Default 1e-2. */
  lr: number | Schedule;
  /** The learning rate falls as 1 / (1 + (t − 1)·lrDecay), in [0, ∞). Default 0. */
  lrDecay: number;
  /** What the sum starts from, in [0, ∞); read once, when the group is made. Default 0. */
  initialAccumulatorValue: number;
  /** Added to the denominator, outside the root, in [0, ∞). Default 1e-10. */
  eps: number;
  /** Coupled (L2) weight decay in [0, ∞): `weightDecay · p` joins the gradient. Default 0. */
  weightDecay: number;
  /** Ascend: the gradient's sign is flipped before anything else. Default false. */
  maximize: boolean;
};

const options: OptionTable<AdagradOptions> = {
  lr: learningRate,
  lrDecay: nonNegative,
  initialAccumulatorValue: nonNegative,
  eps: nonNegative,
  weightDecay: nonNegative,
  maximize: flag,
};

const defaults: AdagradOptions = {
  lr: 1e-2,
  lrDecay: 0,
  initialAccumulatorValue: 0,
  eps: 1e-10,
  weightDecay: 0,
  maximize: false,
};

/**
 * Adagrad: steps divided by the root of the sum of all squared gradients.
 *
 * ```text
 * g = ±gradScale·grad + weightDecay·p          (− when maximize)
 * a = a + g²                                   (from initialAccumulatorValue)
 * p = p − lr/(1 + (t − 1)·lrDecay) · g / (√a + eps)
 * ```
 *
 * t counts the steps of the group from 1. State, float32, one per element: `sum` (a).
 *
 * Source: Duchi, Hazan and Singer 2011; matches `torch.optim.Adagrad`. Differs from optax, which adds eps inside the
 * root and starts from 0.1. 0 / 0 is 0 here and NaN there.
 *
 * @param overrides options other than the defaults
 * @throws {OptionError} for an unknown option, a wrong type or a value out of range
 * @example
 * const optimizer = await Optimizer.create(device, [{ param, grad }], adagrad({ lr: 0.05 }));
 */
export function adagrad(overrides: Overrides<AdagradOptions> = {}): UpdateRule<AdagradOptions> {
  return withOptions(rule, overrides);
}

const scalars = ["gradScale", "weightDecay", "stepSize", "eps"] as const;

const rule: UpdateRule<AdagradOptions, (typeof scalars)[number]> = {
  name: "adagrad",
  defaults,
  options,
  structural: [],
  stateSlots: () => ["sum"],
  scalars,
  hostScalars: ({ lrDecay, eps, weightDecay, maximize }, { lr, step, gradScale }) => ({
    gradScale: maximize ? -gradScale : gradScale,
    weightDecay,
    stepSize: lr / (1 + (step - 1) * lrDecay),
    eps: Math.max(eps, SMALLEST_NORMAL),
  }),
  initialState: ({ initialAccumulatorValue }) => ({ sum: initialAccumulatorValue }),
  wgsl: () => adagradWgsl,
  reference: adagradReference,
};
