// Lion in float64: the oracle of shaders/rules/lion.wgsl. Imports no rule and no GPU code.
import type { ReferenceContext, ReferenceState } from "./element.js";

type Options = { betas: readonly [number, number]; weightDecay: number };

/** One element of Lion's step; `lion()` documents the equations. */
export function lionReference(options: Options, { lr, gradScale }: ReferenceContext) {
  const { betas, weightDecay } = options;
  const [beta1, beta2] = betas;
  const decay = lr * weightDecay;
  return (param: number, grad: number, state: ReferenceState): number => {
    const g = gradScale * grad;
    const c = beta1 * state.expAvg! + (1 - beta1) * g;
    state.expAvg = beta2 * state.expAvg! + (1 - beta2) * g;
    return decay * param + lr * Math.sign(c);
  };
}
