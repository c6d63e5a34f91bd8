// NAdam as a rule. Imports no GPU code.
import nadamWgsl from "../../shaders/rules/nadam.wgsl?raw";
import { SMALLEST_NORMAL, memory } from "../host-scalars.js";
import { decayRates, learningRate, withOptions, nonNegative } from "../options.js";
import { nadamReference } from "../reference/nadam.js";
import type { OptionTable, Overrides, Schedule, UpdateRule } from "../rule.js";

/** Options of {@link nadam}. */
export type NadamOptions = {
  /** Learning rate, a number in [0, ∞) or a schedule. Default 2e-3. */
  lr: number | Schedule;
  /** Decay rates of the first and second moments, each in [0, 1). Default [0.9, 0.999]. */
  betas: [number, number];
  /** Added to the denominator, outside the root, in [0, ∞). Default 1e-8. */
  eps: number;
  /** Coupled (L2) weight decay in [0, ∞): `weightDecay · p` joins the gradient. Default 0. */
  weightDecay: number;
  /** How fast the momentum rises to β1, in [0, ∞). Default 4e-3. */
  momentumDecay: number;
};

const options: OptionTable<NadamOptions> = {
  lr: learningRate,
  betas: decayRates,
  eps: nonNegative,
  weightDecay: nonNegative,
  momentumDecay: nonNegative,
};

const defaults: NadamOptions = {
  lr: 2e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  momentumDecay: 4e-3,
};

/**
 * NAdam: Adam with Nesterov's momentum, on a schedule of its own.
 *
 * ```text
 * g = gradScale·grad + weightDecay·p
 * m = m + (1 − β1)·(g − m)
 * v = v + (1 − β2)·(g² − v)
 * μ_t = β1·(1 − ½·0.96^(t·momentumDecay)),  M_t = μ_1·…·μ_t
 * p = p − (lr·(1 − μ_t)/(1 − M_t) · g + lr·μ_(t+1)/(1 − M_(t+1)) · m) / (√v / √(1 − β2^t) + eps)
 * ```
 *
 * t counts the steps of the group from 1. State, float32, one of each per element: `expAvg` (m), `expAvgSq` (v). The
 * product M is kept per group, as `memory.muProduct` in a saved state.
 *
 * Source: Dozat 2016; matches `torch.optim.NAdam` from 2.0 on (1.13 multiplied μ twice). Not optax's nadam. 0 / 0 is 0
 * here and NaN there.
 *
 * @param overrides options other than the defaults
 * @throws {OptionError} for an unknown option, a wrong type or a value out of range
 * @example
 * const optimizer = await Optimizer.create(device, [{ param, grad }], nadam());
 */
export function nadam(overrides: Overrides<NadamOptions> = {}): UpdateRule<NadamOptions> {
  return withOptions(rule, overrides);
}

/** μ of a step. */
const muOf = ({ betas: [beta1], momentumDecay }: Readonly<NadamOptions>, step: number) =>
  beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay));

const scalars = [
  "gradScale",
  "weightDecay",
  "oneMinusBeta1",
  "oneMinusBeta2",
  "retained",
  "dropped",
  "stepGrad",
  "stepAvg",
  "eps",
] as const;

const rule: UpdateRule<NadamOptions, (typeof scalars)[number]> = {
  name: "nadam",
  defaults,
  options,
  structural: [],
  stateSlots: () => ["expAvg", "expAvgSq"],
  scalars,
  hostScalars(group, { lr, step, gradScale, memory: { muProduct } }) {
    const [beta1, beta2] = group.betas;
    const root = Math.sqrt(1 - beta2 ** step);
    const [mu, muNext] = [muOf(group, step), muOf(group, step + 1)];
    const product = muProduct! * mu;
    return {
      gradScale,
      weightDecay: group.weightDecay,
      oneMinusBeta1: 1 - beta1,
      oneMinusBeta2: 1 - beta2,
      ...memory(beta2),
      stepGrad: ((lr * (1 - mu)) / (1 - product)) * root,
      stepAvg: ((lr * muNext) / (1 - product * muNext)) * root,
      eps: Math.max(group.eps * root, SMALLEST_NORMAL),
    };
  },
  memory: { muProduct: 1 },
  remember: (group, { step, memory: { muProduct } }) => ({ muProduct: muProduct! * muOf(group, step) }),
  wgsl: () => nadamWgsl,
  reference: nadamReference,
};
