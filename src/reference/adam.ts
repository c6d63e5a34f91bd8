// Adam in float64: the oracle of shaders/rules/adam.wgsl and adam-amsgrad.wgsl. Imports no rule and no GPU code.
import { SMALLEST_NORMAL, type ReferenceContext, type ReferenceState } from "./element.js";

type Options = {
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  amsgrad: boolean;
  maximize: boolean;
};

/** One element of Adam's step; `adam()` documents the equations. */
export function adamReference(options: Options, { lr, step, gradScale }: ReferenceContext) {
  const { betas, eps, weightDecay, amsgrad, maximize } = options;
  const [beta1, beta2] = betas;
  const scale = maximize ? -gradScale : gradScale;
  const stepSize = lr / (1 - beta1 ** step);
  const denominatorScale = 1 / Math.sqrt(1 - beta2 ** step);
  return (param: number, grad: number, state: ReferenceState): number => {
    const g = scale * grad + weightDecay * param;
    const expAvg = beta1 * state.expAvg! + (1 - beta1) * g;
    const expAvgSq = beta2 * state.expAvgSq! + (1 - beta2) * g * g;
    let largest = expAvgSq;
    if (amsgrad) largest = state.maxExpAvgSq = Math.max(state.maxExpAvgSq!, expAvgSq);
    const denominator = Math.max(Math.sqrt(largest) * denominatorScale + eps, SMALLEST_NORMAL);
    const delta = stepSize * (expAvg / denominator);
    state.expAvg = expAvg;
    state.expAvgSq = expAvgSq;
    return delta;
  };
}

/** What m / (1 − β1^t) is multiplied by: lr / (√v̂ + eps). */
export function adamEffectiveStep(
  { betas: [, beta2], eps, amsgrad }: Pick<Options, "betas" | "eps" | "amsgrad">,
  { lr, step }: ReferenceContext,
) {
  return ({ expAvgSq, maxExpAvgSq }: Readonly<ReferenceState>) => {
    const corrected = (amsgrad ? maxExpAvgSq! : expAvgSq!) / (1 - beta2 ** step);
    return { stepSize: lr / Math.max(Math.sqrt(corrected) + eps, SMALLEST_NORMAL), capped: false };
  };
}
