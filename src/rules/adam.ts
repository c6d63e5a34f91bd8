// Adam as a rule. Imports no GPU code.
import adamWgsl from "../../shaders/rules/adam.wgsl?raw";
import adamAmsgradWgsl from "../../shaders/rules/adam-amsgrad.wgsl?raw";
import { SMALLEST_NORMAL, memory } from "../host-scalars.js";
import { decayRates, flag, learningRate, withOptions, nonNegative } from "../options.js";
import { adamEffectiveStep, adamReference } from "../reference/adam.js";
import type { OptionTable, Overrides, Schedule, UpdateRule } from "../rule.js";

/** Options of {@link adam}. */
export type AdamOptions = {
  /** Learning rate, a number in [0, ∞) or a schedule. Default 1e-3. */
  lr: number | Schedule;
  /** Decay rates of the first and second moments, each in [0, 1). Default [0.9, 0.999]. */
  betas: [number, number];
  /** Added to the denominator, outside the root, in [0, ∞). Default 1e-8. */
  eps: number;
  /** Coupled (L2) weight decay in [0, ∞): `weightDecay · p` joins the gradient. Default 0. */
  weightDecay: number;
  /** Divide by the largest second moment so far. Structural. Default false. */
  amsgrad: boolean;
  /** Ascend: the gradient's sign is flipped before anything else. Default false. */
  maximize: boolean;
};

const options: OptionTable<AdamOptions> = {
  lr: learningRate,
  betas: decayRates,
  eps: nonNegative,
  weightDecay: nonNegative,
  amsgrad: flag,
  maximize: flag,
};

const defaults: AdamOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
};

/**
 * Adam: steps scaled by the gradient's first and second moments.
 *
 * ```text
 * g = ±gradScale·grad + weightDecay·p          (− when maximize)
 * m = m + (1 − β1)·(g − m)
 * v = v + (1 − β2)·(g² − v)
 * p = p − lr/(1 − β1^t) · m / (√v / √(1 − β2^t) + eps)
 * ```
 *
 * With `amsgrad`, `vmax = max(vmax, v)` takes the place of v in the last line. t counts the steps of the group from
 * 1. State, float32, one of each per element: `expAvg` (m), `expAvgSq` (v), `maxExpAvgSq` (with amsgrad).
 *
 * Source: Kingma and Ba 2015, Algorithm 1; Reddi, Kale and Kumar 2018; matches `torch.optim.Adam`. Differs: 0 / 0 (a
 * gradient that was always zero with eps 0) is 0 here and NaN there.
 *
 * @param overrides options other than the defaults
 * @throws {OptionError} for an unknown option, a wrong type or a value out of range
 * @example
 * const optimizer = await Optimizer.create(device, [{ param, grad }], adam({ lr: 3e-4 }));
 */
export function adam(overrides: Overrides<AdamOptions> = {}): UpdateRule<AdamOptions> {
  return withOptions(rule, overrides);
}

const scalars = [
  "gradScale",
  "weightDecay",
  "oneMinusBeta1",
  "oneMinusBeta2",
  "retained",
  "dropped",
  "stepSize",
  "eps",
  "meanStepSize",
] as const;

const rule: UpdateRule<AdamOptions, (typeof scalars)[number]> = {
  name: "adam",
  defaults,
  options,
  structural: ["amsgrad"],
  stateSlots: ({ amsgrad }) => (amsgrad ? ["expAvg", "expAvgSq", "maxExpAvgSq"] : ["expAvg", "expAvgSq"]),
  scalars,
  hostScalars({ betas: [beta1, beta2], eps, weightDecay, maximize }, { lr, step, gradScale }) {
    const root = Math.sqrt(1 - beta2 ** step);
    return {
      gradScale: maximize ? -gradScale : gradScale,
      weightDecay,
      oneMinusBeta1: 1 - beta1,
      oneMinusBeta2: 1 - beta2,
      ...memory(beta2),
      stepSize: (lr / (1 - beta1 ** step)) * root,
      eps: Math.max(eps * root, SMALLEST_NORMAL),
      meanStepSize: lr * root,
    };
  },
  wgsl: ({ amsgrad }) => (amsgrad ? adamAmsgradWgsl : adamWgsl),
  reference: adamReference,
  effectiveStep: adamEffectiveStep,
};
