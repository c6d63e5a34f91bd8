// SGD as a rule. Imports no GPU code.
import sgdWgsl from "../../shaders/rules/sgd.wgsl?raw";
import sgdMomentumWgsl from "../../shaders/rules/sgd-momentum.wgsl?raw";
import { memory } from "../host-scalars.js";
import { flag, learningRate, withOptions, nonNegative } from "../options.js";
import { sgdReference } from "../reference/sgd.js";
import type { OptionTable, Overrides, Schedule, UpdateRule } from "../rule.js";

/** Options of {@link sgd}. */
export type SgdOptions = {
  /** Learning rate, a number in [0, ∞) or a schedule. Default 1e-3. */
  lr: number | Schedule;
  /** Weight of the momentum buffer in [0, ∞). Structural between 0 (no state) and not 0. Default 0. */
  momentum: number;
  /** The gradient enters the buffer by 1 − dampening, from the second step on. In [0, ∞). Default 0. */
  dampening: number;
  /** Look ahead along the buffer. Needs momentum above 0 and dampening 0. Default false. */
  nesterov: boolean;
  /** Coupled (L2) weight decay in [0, ∞): `weightDecay · p` joins the gradient. Default 0. */
  weightDecay: number;
  /** Ascend: the gradient's sign is flipped before anything else. Default false. */
  maximize: boolean;
};

const options: OptionTable<SgdOptions> = {
  lr: learningRate,
  momentum: nonNegative,
  dampening: nonNegative,
  nesterov: flag,
  weightDecay: nonNegative,
  maximize: flag,
};

const defaults: SgdOptions = {
  lr: 1e-3,
  momentum: 0,
  dampening: 0,
  nesterov: false,
  weightDecay: 0,
  maximize: false,
};

/**
 * Stochastic gradient descent, with momentum or Nesterov's.
 *
 * ```text
 * g = ±gradScale·grad + weightDecay·p          (− when maximize)
 * b = g                                        (first step)
 * b = momentum·b + (1 − dampening)·g           (later steps)
 * p = p − lr·b                                 (momentum 0: lr·g; nesterov: lr·(g + momentum·b))
 * ```
 *
 * State, float32, one per element: `momentumBuffer` (b) when momentum is not 0; none otherwise.
 *
 * Source: Sutskever et al. 2013; matches `torch.optim.SGD`, whose first step takes the gradient undampened. Differs: the
 * buffer begins with the group's first step, not with a parameter's first gradient.
 *
 * @param overrides options other than the defaults
 * @throws {OptionError} for an unknown option, a wrong type or a value out of range, or nesterov without momentum or
 * with dampening
 * @example
 * const optimizer = await Optimizer.create(device, [{ param, grad }], sgd({ lr: 0.1, momentum: 0.9, nesterov: true }));
 */
export function sgd(overrides: Overrides<SgdOptions> = {}): UpdateRule<SgdOptions> {
  return withOptions(rule, overrides);
}

const scalars = [
  "gradScale",
  "weightDecay",
  "retained",
  "dropped",
  "gradWeight",
  "stepGrad",
  "stepBuffer",
] as const;

const rule: UpdateRule<SgdOptions, (typeof scalars)[number]> = {
  name: "sgd",
  defaults,
  options,
  structural: ["momentum"],
  stateSlots: ({ momentum }) => (momentum > 0 ? ["momentumBuffer"] : []),
  scalars,
  conflict({ nesterov, momentum, dampening }) {
    if (!nesterov || (momentum > 0 && dampening === 0)) return undefined;
    const message = `nesterov needs momentum above 0 and dampening 0, got momentum ${momentum} and dampening ${dampening}`;
    return { option: "nesterov", message };
  },
  hostScalars({ momentum, dampening, nesterov, weightDecay, maximize }, { lr, step, gradScale }) {
    const first = step === 1;
    return {
      gradScale: maximize ? -gradScale : gradScale,
      weightDecay,
      ...memory(first ? 0 : momentum),
      gradWeight: first ? 1 : 1 - dampening,
      stepGrad: momentum === 0 || nesterov ? lr : 0,
      stepBuffer: nesterov ? lr * momentum : lr,
    };
  },
  wgsl: ({ momentum }) => (momentum > 0 ? sgdMomentumWgsl : sgdWgsl),
  reference: sgdReference,
};
