// AdamW in float64: the oracle of shaders/rules/adamw.wgsl and adamw-amsgrad.wgsl. Imports no rule and no GPU code.
import { SMALLEST_NORMAL, type ReferenceContext, type ReferenceState } from "./element.js";

type Options = {
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  amsgrad: boolean;
  maximize: boolean;
};

/** One element of AdamW's step; `adamw()` documents the equations. */
export function adamwReference(options: Options, { lr, step, gradScale }: ReferenceContext) {
  const { betas, eps, weightDecay, amsgrad, maximize } = options;
  const [beta1, beta2] = betas;
  const scale = maximize ? -gradScale : gradScale;
  const decay = lr * weightDecay;
  const stepSize = lr / (1 - beta1 ** step);
  const denominatorScale = 1 / Math.sqrt(1 - beta2 ** step);
  return (param: number, grad: number, state: ReferenceState): number => {
    const g = scale * grad;
    const expAvg = beta1 * state.expAvg! + (1 - beta1) * g;
    const expAvgSq = beta2 * state.expAvgSq! + (1 - beta2) * g * g;
    let largest = expAvgSq;
    if (amsgrad) largest = state.maxExpAvgSq = Math.max(state.maxExpAvgSq!, expAvgSq);
    const denominator = Math.max(Math.sqrt(largest) * denominatorScale + eps, SMALLEST_NORMAL);
    const delta = decay * param + stepSize * (expAvg / denominator);
    state.expAvg = expAvg;
    state.expAvgSq = expAvgSq;
    return delta;
  };
}
