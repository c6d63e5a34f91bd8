// AdamW as a rule. Imports no GPU code.
import adamwWgsl from "../../shaders/rules/adamw.wgsl?raw";
import adamwAmsgradWgsl from "../../shaders/rules/adamw-amsgrad.wgsl?raw";
import { SMALLEST_NORMAL, memory } from "../host-scalars.js";
import { decayRates, flag, learningRate, withOptions, nonNegative } from "../options.js";
import { adamEffectiveStep } from "../reference/adam.js";
import { adamwReference } from "../reference/adamw.js";
import type { OptionTable, Overrides, Schedule, UpdateRule } from "../rule.js";

/** Options of {@link adamw}. */
export type AdamWOptions = {
  /** Learning rate, a number in [0, ∞) or a schedule. Default 1e-3. */
  lr: number | Schedule;
  /** Decay rates of the first and second moments, each in [0, 1). Default [0.9, 0.999]. */
  betas: [number, number];
  /** Added to the denominator, outside the root, in [0, ∞). Default 1e-8. */
  eps: number;
  /** Decoupled weight decay in [0, ∞): `lr · weightDecay · p` is subtracted from the parameter. Default 1e-2. */
  weightDecay: number;
  /** Divide by the largest second moment so far. Structural. Default false. */
  amsgrad: boolean;
  /** Ascend: the gradient's sign is flipped before anything else; decay still pulls to zero. Default false. */
  maximize: boolean;
};

const options: OptionTable<AdamWOptions> = {
  lr: learningRate,
  betas: decayRates,
  eps: nonNegative,
  weightDecay: nonNegative,
  amsgrad: flag,
  maximize: flag,
};

const defaults: AdamWOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 1e-2,
  amsgrad: false,
  maximize: false,
};

/**
 * AdamW: Adam with weight decay that does not pass through the moments.
 *
 * ```text
 * g = ±gradScale·grad                          (− when maximize)
 * m = m + (1 − β1)·(g − m)
 * v = v + (1 − β2)·(g² − v)
 * p = p − (lr·weightDecay·p + lr/(1 − β1^t) · m / (√v / √(1 − β2^t) + eps))
 * ```
 *
 * With `amsgrad`, `vmax = max(vmax, v)` takes the place of v in the last line. t counts the steps of the group from
 * 1. State, float32, one of each per element: `expAvg` (m), `expAvgSq` (v), `maxExpAvgSq` (with amsgrad).
 *
 * Source: Loshchilov and Hutter 2019; matches `torch.optim.AdamW`. Differs: the decay is subtracted together with the
 * step, since `p·(1 − lr·weightDecay)` would round a small decay away; 0 / 0 is 0 here and NaN there.
 *
 * @param overrides options other than the defaults
 * @throws {OptionError} for an unknown option, a wrong type or a value out of range
 * @example
 * const optimizer = await Optimizer.create(device, [{ param, grad }], adamw({ lr: 3e-4, weightDecay: 0.1 }));
 */
export function adamw(overrides: Overrides<AdamWOptions> = {}): UpdateRule<AdamWOptions> {
  return withOptions(rule, overrides);
}

const scalars = [
  "gradScale",
  "decay",
  "oneMinusBeta1",
  "oneMinusBeta2",
  "retained",
  "dropped",
  "stepSize",
  "eps",
  "meanStepSize",
] as const;

const rule: UpdateRule<AdamWOptions, (typeof scalars)[number]> = {
  name: "adamw",
  defaults,
  options,
  structural: ["amsgrad"],
  stateSlots: ({ amsgrad }) => (amsgrad ? ["expAvg", "expAvgSq", "maxExpAvgSq"] : ["expAvg", "expAvgSq"]),
  scalars,
  hostScalars({ betas: [beta1, beta2], eps, weightDecay, maximize }, { lr, step, gradScale }) {
    const root = Math.sqrt(1 - beta2 ** step);
    return {
      gradScale: maximize ? -gradScale : gradScale,
      decay: lr * weightDecay,
      oneMinusBeta1: 1 - beta1,
      oneMinusBeta2: 1 - beta2,
      ...memory(beta2),
      stepSize: (lr / (1 - beta1 ** step)) * root,
      eps: Math.max(eps * root, SMALLEST_NORMAL),
      meanStepSize: lr * root,
    };
  },
  wgsl: ({ amsgrad }) => (amsgrad ? adamwAmsgradWgsl : adamwWgsl),
  reference: adamwReference,
  effectiveStep: adamEffectiveStep,
};
