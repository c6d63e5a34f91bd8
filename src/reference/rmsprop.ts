// RMSprop in float64: the oracle of shaders/rules/rmsprop*.wgsl. Imports no rule and no GPU code.
import { SMALLEST_NORMAL, type ReferenceContext, type ReferenceState } from "./element.js";

type Options = {
  alpha: number;
  eps: number;
  weightDecay: number;
  momentum: number;
  centered: boolean;
  maximize: boolean;
};

/** One element of RMSprop's step; `rmsprop()` documents the equations. */
export function rmspropReference(options: Options, { lr, gradScale }: ReferenceContext) {
  const { alpha, eps, weightDecay, momentum, centered, maximize } = options;
  const scale = maximize ? -gradScale : gradScale;
  return (param: number, grad: number, state: ReferenceState): number => {
    const g = scale * grad + weightDecay * param;
    const squareAvg = alpha * state.squareAvg! + (1 - alpha) * g * g;
    state.squareAvg = squareAvg;
    let variance = squareAvg;
    if (centered) {
      const gradAvg = alpha * state.gradAvg! + (1 - alpha) * g;
      state.gradAvg = gradAvg;
      variance = Math.max(squareAvg - gradAvg * gradAvg, 0);
    }
    const ratio = g / Math.max(Math.sqrt(variance) + eps, SMALLEST_NORMAL);
    if (momentum === 0) return lr * ratio;
    const momentumBuffer = momentum * state.momentumBuffer! + ratio;
    state.momentumBuffer = momentumBuffer;
    return lr * momentumBuffer;
  };
}
