// Adamax as a rule. Imports no GPU code.
import adamaxWgsl from "../../shaders/rules/adamax.wgsl?raw";
import { SMALLEST_NORMAL, memory } from "../host-scalars.js";
import { decayRates, flag, learningRate, withOptions, nonNegative } from "../options.js";
import { adamaxReference } from "../reference/adamax.js";
import type { OptionTable, Overrides, Schedule, UpdateRule } from "../rule.js";

/** Options of {@link adamax}. */
export type AdamaxOptions = {
  /** Learning rate, a number in [0, ∞) or a schedule. Default 2e-3. */
  lr: number | Schedule;
  /** Decay rates of the first moment and of the largest gradient, each in [0, 1). Default [0.9, 0.999]. */
  betas: [number, number];
  /** Added to the gradient's magnitude, in [0, ∞). Default 1e-8. */
  eps: number;
  /** Coupled (L2) weight decay in [0, ∞): `weightDecay · p` joins the gradient. Default 0. */
  weightDecay: number;
  /** Ascend: the gradient's sign is flipped before anything else. Default false. */
  maximize: boolean;
};

const options: OptionTable<AdamaxOptions> = {
  lr: learningRate,
  betas: decayRates,
  eps: nonNegative,
  weightDecay: nonNegative,
  maximize: flag,
};

const defaults: AdamaxOptions = {
  lr: 2e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  maximize: false,
};

/**
 * Adamax: Adam by the infinity norm, the largest gradient so far taking the place of the second moment.
 *
 * ```text
 * g = ±gradScale·grad + weightDecay·p          (− when maximize)
 * m = m + (1 − β1)·(g − m)
 * u = max(β2·u, |g| + eps)
 * p = p − lr/(1 − β1^t) · m / u
 * ```
 *
 * t counts the steps of the group from 1. State, float32, one of each per element: `expAvg` (m), `expInf` (u).
 *
 * Source: Kingma and Ba 2015, Algorithm 2; matches `torch.optim.Adamax`. 0 / 0 is 0 here and NaN there.
 *
 * @param overrides options other than the defaults
 * @throws {OptionError} for an unknown option, a wrong type or a value out of range
 * @example
 * const optimizer = await Optimizer.create(device, [{ param, grad }], adamax());
 */
export function adamax(overrides: Overrides<AdamaxOptions> = {}): UpdateRule<AdamaxOptions> {
  return withOptions(rule, overrides);
}

const scalars = [
  "gradScale",
  "weightDecay",
  "oneMinusBeta1",
  "retained",
  "dropped",
  "stepSize",
  "eps",
] as const;

const rule: UpdateRule<AdamaxOptions, (typeof scalars)[number]> = {
  name: "adamax",
  defaults,
  options,
  structural: [],
  stateSlots: () => ["expAvg", "expInf"],
  scalars,
  hostScalars: ({ betas: [beta1, beta2], eps, weightDecay, maximize }, { lr, step, gradScale }) => ({
    gradScale: maximize ? -gradScale : gradScale,
    weightDecay,
    oneMinusBeta1: 1 - beta1,
    ...memory(beta2),
    stepSize: lr / (1 - beta1 ** step),
    eps: Math.max(eps, SMALLEST_NORMAL),
  }),
  wgsl: () => adamaxWgsl,
  reference: adamaxReference,
};
