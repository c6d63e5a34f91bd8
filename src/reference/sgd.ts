// SGD in float64: the oracle of shaders/rules/sgd.wgsl and sgd-momentum.wgsl. Imports no rule and no GPU code.
import type { ReferenceContext, ReferenceState } from "./element.js";

type Options = {
  momentum: number;
  dampening: number;
  nesterov: boolean;
  weightDecay: number;
  maximize: boolean;
};

/** One element of SGD's step; `sgd()` documents the equations. */
export function sgdReference(options: Options, { lr, step, gradScale }: ReferenceContext) {
  const { momentum, dampening, nesterov, weightDecay, maximize } = options;
  const scale = maximize ? -gradScale : gradScale;
  return (param: number, grad: number, state: ReferenceState): number => {
    const g = scale * grad + weightDecay * param;
    if (momentum === 0) return lr * g;
    const momentumBuffer = step === 1 ? g : momentum * state.momentumBuffer! + (1 - dampening) * g;
    state.momentumBuffer = momentumBuffer;
    return lr * (nesterov ? g + momentum * momentumBuffer : momentumBuffer);
  };
}
