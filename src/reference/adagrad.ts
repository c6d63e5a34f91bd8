// Adagrad in float64: the oracle of shaders/rules/adagrad.wgsl. Imports no rule and no GPU code.
import { SMALLEST_NORMAL, type ReferenceContext, type ReferenceState } from "./element.js";

type Options = { lrDecay: number; eps: number; weightDecay: number; maximize: boolean };

/** One element of Adagrad's step; `adagrad()` documents the equations. */
export function adagradReference(options: Options, { lr, step, gradScale }: ReferenceContext) {
  const { lrDecay, eps, weightDecay, maximize } = options;
  const scale = maximize ? -gradScale : gradScale;
  const stepSize = lr / (1 + (step - 1) * lrDecay);
  return (param: number, grad: number, state: ReferenceState): number => {
    const g = scale * grad + weightDecay * param;
    const sum = state.sum! + g * g;
    state.sum = sum;
    return stepSize * (g / Math.max(Math.sqrt(sum) + eps, SMALLEST_NORMAL));
  };
}
