// RAdam as a rule. Imports no GPU code.
import radamWgsl from "../../shaders/rules/radam.wgsl?raw";
import { SMALLEST_NORMAL, averageLength, memory, rectification } from "../host-scalars.js";
import { decayRates, learningRate, withOptions, nonNegative } from "../options.js";
import { radamReference } from "../reference/radam.js";
import type { OptionTable, Overrides, Schedule, StepContext, UpdateRule } from "../rule.js";

/** Options of {@link radam}. */
export type RadamOptions = {
  /** Learning rate, a number in [0, ∞) or a schedule. Default 1e-3. */
  lr: number | Schedule;
  /** Decay rates of the first and second moments, each in [0, 1). Default [0.9, 0.999]. */
  betas: [number, number];
  /** Added to the denominator, outside the root, in [0, ∞). Default 1e-8. */
  eps: number;
  /** Coupled (L2) weight decay in [0, ∞): `weightDecay · p` joins the gradient. Default 0. */
  weightDecay: number;
};

const options: OptionTable<RadamOptions> = {
  lr: learningRate,
  betas: decayRates,
  eps: nonNegative,
  weightDecay: nonNegative,
};

const defaults: RadamOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
};

/**
 * RAdam: Adam that first moves by momentum alone, until the second moment has seen enough to be trusted.
 *
 * ```text
 * g = gradScale·grad + weightDecay·p
 * m = m + (1 − β1)·(g − m)
 * v = v + (1 − β2)·(g² − v)
 * N∞ = 2/(1 − β2) − 1,  N = N∞ − 2t·β2^t/(1 − β2^t)
 * N > 5:  p = p − lr/(1 − β1^t) · m · √((1 − β2^t)·(N−4)(N−2)N∞ / ((N∞−4)(N∞−2)N)) / (√v + eps)
 * else:   p = p − lr/(1 − β1^t) · m
 * ```
 *
 * t counts the steps of the group from 1. State, float32, one of each per element: `expAvg` (m), `expAvgSq` (v).
 *
 * Source: Liu et al. 2020; matches `torch.optim.RAdam`. 0 / 0 is 0 here and NaN there.
 *
 * @param overrides options other than the defaults
 * @throws {OptionError} for an unknown option, a wrong type or a value out of range
 * @example
 * const optimizer = await Optimizer.create(device, [{ param, grad }], radam());
 */
export function radam(overrides: Overrides<RadamOptions> = {}): UpdateRule<RadamOptions> {
  return withOptions(rule, overrides);
}

/** What multiplies m, and what divides it. */
function adaptation(
  { betas: [beta1, beta2], eps }: Readonly<RadamOptions>,
  { lr, step }: Readonly<StepContext>,
) {
  const stepSize = lr / (1 - beta1 ** step);
  const length = averageLength(beta2, step);
  // A denominator of exactly 1: momentum alone.
  if (length <= 5) return { stepSize, denominatorScale: 0, denominatorEps: 1 };
  const rectified = stepSize * rectification(beta2, step);
  return { stepSize: rectified, denominatorScale: 1, denominatorEps: Math.max(eps, SMALLEST_NORMAL) };
}

const scalars = [
  "gradScale",
  "weightDecay",
  "oneMinusBeta1",
  "oneMinusBeta2",
  "retained",
  "dropped",
  "stepSize",
  "denominatorScale",
  "denominatorEps",
] as const;

const rule: UpdateRule<RadamOptions, (typeof scalars)[number]> = {
  name: "radam",
  defaults,
  options,
  structural: [],
  stateSlots: () => ["expAvg", "expAvgSq"],
  scalars,
  hostScalars(group, context) {
    const [beta1, beta2] = group.betas;
    return {
      gradScale: context.gradScale,
      weightDecay: group.weightDecay,
      oneMinusBeta1: 1 - beta1,
      oneMinusBeta2: 1 - beta2,
      ...memory(beta2),
      ...adaptation(group, context),
    };
  },
  wgsl: () => radamWgsl,
  reference: radamReference,
};
