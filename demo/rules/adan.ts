// Adan, a rule written outside the package: what a user needs to add one of their own. It imports the package alone.
import {
  SMALLEST_NORMAL,
  flag,
  learningRate,
  memory,
  nonNegative,
  threeDecayRates,
  withOptions,
  type Schedule,
  type StepContext,
  type UpdateRule,
} from "webgpu-optim";
import adanWgsl from "./adan.wgsl?raw";

/** Options of {@link adan}. */
export type AdanOptions = {
  /** Learning rate, a number in [0, ∞) or a schedule. Default 1e-3. */
  lr: number | Schedule;
  /** Decay rates of the gradient, of its difference and of the square, each in [0, 1). Default [0.98, 0.92, 0.99]. */
  betas: [number, number, number];
  /** Added to the denominator, outside the root, in [0, ∞). Default 1e-8. */
  eps: number;
  /** Weight decay in [0, ∞). Default 0. */
  weightDecay: number;
  /** Decay before the step, as AdamW does, instead of by the proximal division. Default false. */
  noProx: boolean;
};

const scalars = [
  "gradScale",
  "diffWeight",
  "oneMinusBeta1",
  "oneMinusBeta2",
  "beta2",
  "oneMinusBeta3",
  "retained",
  "dropped",
  "stepAvg",
  "stepDiff",
  "eps",
  "decay",
  "shrink",
] as const;

const rule: UpdateRule<AdanOptions, (typeof scalars)[number]> = {
  name: "adan",
  defaults: { lr: 1e-3, betas: [0.98, 0.92, 0.99], eps: 1e-8, weightDecay: 0, noProx: false },
  options: {
    lr: learningRate,
    betas: threeDecayRates,
    eps: nonNegative,
    weightDecay: nonNegative,
    noProx: flag,
  },
  structural: [],
  stateSlots: () => ["expAvg", "expAvgDiff", "expAvgSq", "prevGrad"],
  scalars,
  hostScalars({ betas: [beta1, beta2, beta3], eps, weightDecay, noProx }, { lr, step, gradScale }) {
    const root = Math.sqrt(1 - beta3 ** step);
    return {
      gradScale,
      diffWeight: step === 1 ? 0 : 1,
      oneMinusBeta1: 1 - beta1,
      oneMinusBeta2: 1 - beta2,
      beta2,
      oneMinusBeta3: 1 - beta3,
      ...memory(beta3),
      stepAvg: (lr / (1 - beta1 ** step)) * root,
      stepDiff: ((lr * beta2) / (1 - beta2 ** step)) * root,
      eps: Math.max(eps * root, SMALLEST_NORMAL),
      decay: lr * weightDecay,
      shrink: noProx ? 1 : 1 / (1 + lr * weightDecay),
    };
  },
  wgsl: () => adanWgsl,
  reference: adanReference,
};

/**
 * Adan: Adam with Nesterov's look-ahead, by the difference between successive gradients.
 *
 * `adan.wgsl` has the equations. State, float32, one of each per element: `expAvg`, `expAvgDiff`, `expAvgSq`,
 * `prevGrad`.
 *
 * Source: Xie et al. 2022, matches sail-sg/Adan; clipping by the global norm is the optimizer's, not the rule's.
 *
 * @param overrides options other than the defaults
 * @throws {OptionError} for an unknown option, a wrong type or a value out of range
 */
export function adan(overrides: Partial<AdanOptions> = {}): UpdateRule<AdanOptions> {
  return withOptions(rule, overrides);
}

/** The same step in float64. */
function adanReference(options: Readonly<AdanOptions>, { lr, step, gradScale }: Readonly<StepContext>) {
  const { eps, weightDecay, noProx } = options;
  const [beta1, beta2, beta3] = options.betas;
  const decay = lr * weightDecay;
  return (param: number, grad: number, state: Record<string, number>): number => {
    const g = gradScale * grad;
    const d = step === 1 ? 0 : g - state.prevGrad!;
    state.expAvg = beta1 * state.expAvg! + (1 - beta1) * g;
    state.expAvgDiff = beta2 * state.expAvgDiff! + (1 - beta2) * d;
    state.expAvgSq = beta3 * state.expAvgSq! + (1 - beta3) * (g + beta2 * d) ** 2;
    state.prevGrad = g;
    const denominator = Math.max(Math.sqrt(state.expAvgSq / (1 - beta3 ** step)) + eps, SMALLEST_NORMAL);
    const fromAvg = (lr / (1 - beta1 ** step)) * (state.expAvg / denominator);
    const fromDiff = ((lr * beta2) / (1 - beta2 ** step)) * (state.expAvgDiff / denominator);
    const stepped = noProx
      ? param * (1 - decay) - (fromAvg + fromDiff)
      : (param - (fromAvg + fromDiff)) / (1 + decay);
    return param - stepped;
  };
}
