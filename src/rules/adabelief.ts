// AdaBelief as a rule. Imports no GPU code.
import adabeliefWgsl from "../../shaders/rules/adabelief.wgsl?raw";
import adabeliefAmsgradWgsl from "../../shaders/rules/adabelief-amsgrad.wgsl?raw";
import { MAX_FLOAT32, SMALLEST_NORMAL, averageLength, memory, rectification } from "../host-scalars.js";
import { decayRates, flag, learningRate, withOptions, nonNegative, positive } from "../options.js";
import { adabeliefEffectiveStep, adabeliefReference } from "../reference/adabelief.js";
import type { OptionTable, Overrides, Schedule, StepContext, UpdateRule } from "../rule.js";

/** Options of {@link adabelief}. */
export type AdaBeliefOptions = {
  /** Learning rate, a number in [0, ∞) or a schedule. Default 1e-3. */
  lr: number | Schedule;
  /** Decay rates of the gradient's mean and of its variance around it, each in [0, 1). Default [0.9, 0.999]. */
  betas: [number, number];
  /** Added to the variance at every step (stored) and to the denominator, in [0, ∞). Default 1e-16. */
  eps: number;
  /** Weight decay in [0, ∞). Default 0. */
  weightDecay: number;
  /** Decoupled decay (as AdamW); false: `weightDecay · p` joins the gradient. Default true. */
  weightDecouple: boolean;
  /** Decoupled decay by `weightDecay · p` instead of `lr · weightDecay · p`. Needs weightDecouple. Default false. */
  fixedDecay: boolean;
  /** Rectify the step size as RAdam does; refused with amsgrad. Default false. */
  rectify: boolean;
  /** With rectify, the first steps move by momentum alone; false: they leave the parameters. Default true. */
  degeneratedToSgd: boolean;
  /** Divide by the largest variance so far. Structural. Default false. */
  amsgrad: boolean;
  /** Ascend: the gradient's sign is flipped before anything else. Default false. */
  maximize: boolean;
  /** Bound on each element's move in units of lr, without decay: |Δp| ≤ lr · maxUpdate. In (0, ∞]. Default ∞. */
  maxUpdate: number;
};

const options: OptionTable<AdaBeliefOptions> = {
  lr: learningRate,
  betas: decayRates,
  eps: nonNegative,
  weightDecay: nonNegative,
  weightDecouple: flag,
  fixedDecay: flag,
  rectify: flag,
  degeneratedToSgd: flag,
  amsgrad: flag,
  maximize: flag,
  maxUpdate: positive,
};

const defaults: AdaBeliefOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-16,
  weightDecay: 0,
  weightDecouple: true,
  fixedDecay: false,
  rectify: false,
  degeneratedToSgd: true,
  amsgrad: false,
  maximize: false,
  maxUpdate: Infinity,
};

/**
 * AdaBelief: Adam whose second moment is the gradient's deviation from its own mean, the "belief" in it.
 *
 * ```text
 * g = ±gradScale·grad [+ weightDecay·p]        (− when maximize; decay here unless weightDecouple)
 * d = g − m
 * m = m + (1 − β1)·d
 * r = β1·d                                     (= g − m of the new m, without its cancellation)
 * s = s + (1 − β2)·(r² − s) + eps              (stored)
 * u = m / (1 − β1^t) / (√s / √(1 − β2^t) + eps)
 * p = p − (decay·p + lr·clamp(u, ±maxUpdate))  (decay: lr·weightDecay, weightDecay if fixedDecay, 0 if coupled)
 * ```
 *
 * With `amsgrad`, `smax = max(smax, s)` takes the place of s in u. With `rectify`, let N∞ = 2/(1 − β2) − 1 and
 * N = N∞ − 2t·β2^t/(1 − β2^t); from N ≥ 5 on (t = 6 at the defaults)
 * `u = √((1 − β2^t)·(N−4)/(N∞−4)·(N−2)/N·N∞/(N∞−2)) / (1 − β1^t) · m / (√s + eps)`; before, u = m / (1 − β1^t), or 0
 * without `degeneratedToSgd`. t counts the steps of the group from 1. State, float32, one of each per element:
 * `expAvg` (m), `expAvgVar` (s), `maxExpAvgVar` (with amsgrad).
 *
 * The denominator shrinks as gradients become predictable: under a constant gradient the step grows to 186 lr by
 * t = 5000. `maxUpdate` is the guard, off by default.
 *
 * Source: Zhuang et al., NeurIPS 2020, Algorithm 2; matches adabelief-pytorch 0.2.1, and optax without rectify.
 * Differs: rectify is off by default (there it is on since 0.1.0); rectify with amsgrad is refused (there amsgrad is
 * silently ignored); the gradient is never written; r has no cancellation; `maximize` and `maxUpdate` are additions.
 *
 * @param overrides options other than the defaults
 * @throws {OptionError} for an unknown option, a wrong type, a value out of range, rectify with amsgrad, or fixedDecay
 * without weightDecouple
 * @example
 * const optimizer = await Optimizer.create(device, [{ param, grad }], adabelief({ lr: 1e-3 }));
 */
export function adabelief(overrides: Overrides<AdaBeliefOptions> = {}): UpdateRule<AdaBeliefOptions> {
  return withOptions(rule, overrides);
}

/** What multiplies m, and what divides it: the phases of rectification differ in nothing else. */
function adaptation(
  { betas: [beta1, beta2], eps, rectify, degeneratedToSgd }: Readonly<AdaBeliefOptions>,
  { lr, step }: Readonly<StepContext>,
) {
  const denominatorEps = Math.max(eps, SMALLEST_NORMAL);
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  if (!rectify) {
    return { stepSize: lr / correction1, denominatorScale: 1 / Math.sqrt(correction2), denominatorEps };
  }
  if (averageLength(beta2, step) >= 5) {
    return { stepSize: (lr / correction1) * rectification(beta2, step), denominatorScale: 1, denominatorEps };
  }
  // A denominator of exactly 1: momentum alone, or no move at all.
  return { stepSize: degeneratedToSgd ? lr / correction1 : 0, denominatorScale: 0, denominatorEps: 1 };
}

const scalars = [
  "gradScale",
  "weightDecay",
  "decay",
  "oneMinusBeta1",
  "deviationWeight",
  "retained",
  "dropped",
  "eps",
  "stepSize",
  "denominatorScale",
  "denominatorEps",
  "maxChange",
  "meanStepSize",
] as const;

const rule: UpdateRule<AdaBeliefOptions, (typeof scalars)[number]> = {
  name: "adabelief",
  defaults,
  options,
  structural: ["amsgrad"],
  conflict({ rectify, amsgrad, fixedDecay, weightDecouple }) {
    if (rectify && amsgrad) {
      const message =
        "rectify cannot be true with amsgrad true, which rectified steps would ignore; choose one";
      return { option: "rectify", message };
    }
    if (fixedDecay && !weightDecouple) {
      const message = "fixedDecay cannot be true with weightDecouple false; set weightDecouple to true";
      return { option: "fixedDecay", message };
    }
    return undefined;
  },
  stateSlots: ({ amsgrad }) => (amsgrad ? ["expAvg", "expAvgVar", "maxExpAvgVar"] : ["expAvg", "expAvgVar"]),
  scalars,
  hostScalars(group, context) {
    const { lr, gradScale } = context;
    const { weightDecay, weightDecouple, fixedDecay } = group;
    const adapted = adaptation(group, context);
    return {
      gradScale: group.maximize ? -gradScale : gradScale,
      weightDecay: weightDecouple ? 0 : weightDecay,
      decay: weightDecouple ? (fixedDecay ? weightDecay : lr * weightDecay) : 0,
      oneMinusBeta1: 1 - group.betas[0],
      deviationWeight: (1 - group.betas[1]) * group.betas[0] ** 2,
      ...memory(group.betas[1]),
      eps: group.eps,
      ...adapted,
      maxChange: group.maxUpdate === Infinity ? MAX_FLOAT32 : Math.min(lr * group.maxUpdate, MAX_FLOAT32),
      meanStepSize: adapted.stepSize * (1 - group.betas[0] ** context.step),
    };
  },
  wgsl: ({ amsgrad }) => (amsgrad ? adabeliefAmsgradWgsl : adabeliefWgsl),
  reference: adabeliefReference,
  effectiveStep: adabeliefEffectiveStep,
};
