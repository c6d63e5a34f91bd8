// RAdam in float64: the oracle of shaders/rules/radam.wgsl. Imports no rule and no GPU code.
import { SMALLEST_NORMAL, type ReferenceContext, type ReferenceState } from "./element.js";

type Options = { betas: readonly [number, number]; eps: number; weightDecay: number };

/** One element of RAdam's step; `radam()` documents the equations. */
export function radamReference(options: Options, { lr, step, gradScale }: ReferenceContext) {
  const { betas, eps, weightDecay } = options;
  const [beta1, beta2] = betas;
  const biasCorrection1 = 1 - beta1 ** step;
  const biasCorrection2 = 1 - beta2 ** step;
  // Length of the approximated moving average: at its limit, and at this step.
  const limit = 2 / (1 - beta2) - 1;
  const length = limit - (2 * step * beta2 ** step) / biasCorrection2;
  const rectifier = Math.sqrt(((length - 4) * (length - 2) * limit) / ((limit - 4) * (limit - 2) * length));
  return (param: number, grad: number, state: ReferenceState): number => {
    const g = gradScale * grad + weightDecay * param;
    const expAvg = beta1 * state.expAvg! + (1 - beta1) * g;
    const expAvgSq = beta2 * state.expAvgSq! + (1 - beta2) * g * g;
    state.expAvg = expAvg;
    state.expAvgSq = expAvgSq;
    const corrected = expAvg / biasCorrection1;
    if (length <= 5) return lr * corrected;
    const adapted = Math.sqrt(biasCorrection2) / Math.max(Math.sqrt(expAvgSq) + eps, SMALLEST_NORMAL);
    return lr * corrected * adapted * rectifier;
  };
}
