// Adamax in float64: the oracle of shaders/rules/adamax.wgsl. Imports no rule and no GPU code.
import { SMALLEST_NORMAL, type ReferenceContext, type ReferenceState } from "./element.js";

type Options = { betas: readonly [number, number]; eps: number; weightDecay: number; maximize: boolean };

/** One element of Adamax's step; `adamax()` documents the equations. */
export function adamaxReference(options: Options, { lr, step, gradScale }: ReferenceContext) {
  const { betas, eps, weightDecay, maximize } = options;
  const [beta1, beta2] = betas;
  const scale = maximize ? -gradScale : gradScale;
  const stepSize = lr / (1 - beta1 ** step);
  return (param: number, grad: number, state: ReferenceState): number => {
    const g = scale * grad + weightDecay * param;
    const expAvg = beta1 * state.expAvg! + (1 - beta1) * g;
    const expInf = Math.max(beta2 * state.expInf!, Math.abs(g) + eps);
    state.expAvg = expAvg;
    state.expInf = expInf;
    return stepSize * (expAvg / Math.max(expInf, SMALLEST_NORMAL));
  };
}
