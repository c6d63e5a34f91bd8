// NAdam in float64: the oracle of shaders/rules/nadam.wgsl. Imports no rule and no GPU code.
import { SMALLEST_NORMAL, type ReferenceContext, type ReferenceState } from "./element.js";

type Options = {
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  momentumDecay: number;
};

/** One element of NAdam's step; `nadam()` documents the equations. `memory.muProduct` is of the steps before. */
export function nadamReference(options: Options, { lr, step, gradScale, memory }: ReferenceContext) {
  const { betas, eps, weightDecay, momentumDecay } = options;
  const [beta1, beta2] = betas;
  const mu = beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay));
  const muNext = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * momentumDecay));
  const muProduct = memory.muProduct! * mu;
  return (param: number, grad: number, state: ReferenceState): number => {
    const g = gradScale * grad + weightDecay * param;
    const expAvg = beta1 * state.expAvg! + (1 - beta1) * g;
    const expAvgSq = beta2 * state.expAvgSq! + (1 - beta2) * g * g;
    const denominator = Math.max(Math.sqrt(expAvgSq / (1 - beta2 ** step)) + eps, SMALLEST_NORMAL);
    state.expAvg = expAvg;
    state.expAvgSq = expAvgSq;
    const fromGrad = ((lr * (1 - mu)) / (1 - muProduct)) * (g / denominator);
    const fromAvg = ((lr * muNext) / (1 - muProduct * muNext)) * (expAvg / denominator);
    return fromGrad + fromAvg;
  };
}
