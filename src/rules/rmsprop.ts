// RMSprop as a rule. Imports no GPU code.
import rmspropWgsl from "../../shaders/rules/rmsprop.wgsl?raw";
import rmspropCenteredWgsl from "../../shaders/rules/rmsprop-centered.wgsl?raw";
import rmspropCenteredMomentumWgsl from "../../shaders/rules/rmsprop-centered-momentum.wgsl?raw";
import rmspropMomentumWgsl from "../../shaders/rules/rmsprop-momentum.wgsl?raw";
import { SMALLEST_NORMAL, memory } from "../host-scalars.js";
import { decayRate, flag, learningRate, withOptions, nonNegative } from "../options.js";
import { rmspropReference } from "../reference/rmsprop.js";
import type { OptionTable, Overrides, Schedule, UpdateRule } from "../rule.js";

/** Options of {@link rmsprop}. */
export type RmspropOptions = {
  /** Learning rate, a number in [0, ∞) or a schedule. Default 1e-2. */
  lr: number | Schedule;
  /** Decay rate of the second moment, and of the mean when centered, in [0, 1). Default 0.99. */
  alpha: number;
  /** Added to the denominator, outside the root, in [0, ∞). Default 1e-8. */
  eps: number;
  /** Coupled (L2) weight decay in [0, ∞): `weightDecay · p` joins the gradient. Default 0. */
  weightDecay: number;
  /** Weight of the momentum buffer in [0, ∞). Structural between 0 and not 0. Default 0. */
  momentum: number;
  /** Divide by the deviation from the mean, not by the root mean square. Structural. Default false. */
  centered: boolean;
  /** Ascend: the gradient's sign is flipped before anything else. Default false. */
  maximize: boolean;
};

const options: OptionTable<RmspropOptions> = {
  lr: learningRate,
  alpha: decayRate,
  eps: nonNegative,
  weightDecay: nonNegative,
  momentum: nonNegative,
  centered: flag,
  maximize: flag,
};

const defaults: RmspropOptions = {
  lr: 1e-2,
  alpha: 0.99,
  eps: 1e-8,
  weightDecay: 0,
  momentum: 0,
  centered: false,
  maximize: false,
};

/**
 * RMSprop: steps divided by the root of a moving average of squared gradients.
 *
 * ```text
 * g = ±gradScale·grad + weightDecay·p          (− when maximize)
 * v = alpha·v + (1 − alpha)·g²
 * a = a + (1 − alpha)·(g − a)                  (centered)
 * u = g / (√v + eps)                           (centered: √(v − a²) + eps)
 * b = momentum·b + u                           (momentum not 0)
 * p = p − lr·u                                 (momentum not 0: lr·b)
 * ```
 *
 * State, float32, one of each per element: `squareAvg` (v), `momentumBuffer` (b, with momentum), `gradAvg` (a, when
 * centered).
 *
 * Source: Hinton 2012; Graves 2013; matches `torch.optim.RMSprop`, eps outside the root (optax and TensorFlow put it
 * inside). Differs: v − a² below zero counts as zero, and 0 / 0 is 0; both are NaN there. When centered, float32 cannot
 * follow a gradient that is nearly constant: v − a² cancels.
 *
 * @param overrides options other than the defaults
 * @throws {OptionError} for an unknown option, a wrong type or a value out of range
 * @example
 * const optimizer = await Optimizer.create(device, [{ param, grad }], rmsprop({ lr: 1e-3, momentum: 0.9 }));
 */
export function rmsprop(overrides: Overrides<RmspropOptions> = {}): UpdateRule<RmspropOptions> {
  return withOptions(rule, overrides);
}

const scalars = [
  "gradScale",
  "weightDecay",
  "oneMinusAlpha",
  "retained",
  "dropped",
  "lr",
  "eps",
  "momentumRetained",
  "momentumDropped",
] as const;

const rule: UpdateRule<RmspropOptions, (typeof scalars)[number]> = {
  name: "rmsprop",
  defaults,
  options,
  structural: ["momentum", "centered"],
  stateSlots: ({ momentum, centered }) => [
    "squareAvg",
    ...(momentum > 0 ? ["momentumBuffer"] : []),
    ...(centered ? ["gradAvg"] : []),
  ],
  scalars,
  hostScalars({ alpha, eps, weightDecay, momentum, maximize }, { lr, gradScale }) {
    const { retained: momentumRetained, dropped: momentumDropped } = memory(momentum);
    return {
      gradScale: maximize ? -gradScale : gradScale,
      weightDecay,
      oneMinusAlpha: 1 - alpha,
      ...memory(alpha),
      lr,
      eps: Math.max(eps, SMALLEST_NORMAL),
      momentumRetained,
      momentumDropped,
    };
  },
  wgsl: ({ momentum, centered }) => {
    if (centered) return momentum > 0 ? rmspropCenteredMomentumWgsl : rmspropCenteredWgsl;
    return momentum > 0 ? rmspropMomentumWgsl : rmspropWgsl;
  },
  reference: rmspropReference,
};
