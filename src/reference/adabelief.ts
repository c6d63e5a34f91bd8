// AdaBelief in float64: the oracle of shaders/rules/adabelief.wgsl and adabelief-amsgrad.wgsl. Imports no rule and no
// GPU code.
import { SMALLEST_NORMAL, type ReferenceContext, type ReferenceState } from "./element.js";

type Options = {
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  weightDecouple: boolean;
  fixedDecay: boolean;
  rectify: boolean;
  degeneratedToSgd: boolean;
  amsgrad: boolean;
  maximize: boolean;
  maxUpdate: number;
};

/** One element of AdaBelief's step; `adabelief()` documents the equations. */
export function adabeliefReference(options: Options, { lr, step, gradScale }: ReferenceContext) {
  const {
    betas,
    eps,
    weightDecay,
    weightDecouple,
    fixedDecay,
    rectify,
    degeneratedToSgd,
    amsgrad,
    maximize,
  } = options;
  const [beta1, beta2] = betas;
  const scale = maximize ? -gradScale : gradScale;
  const coupled = weightDecouple ? 0 : weightDecay;
  const decay = weightDecouple ? (fixedDecay ? weightDecay : lr * weightDecay) : 0;
  const maxChange = options.maxUpdate === Infinity ? Infinity : lr * options.maxUpdate;
  const biasCorrection1 = 1 - beta1 ** step;
  const biasCorrection2 = 1 - beta2 ** step;
  // Length of the moving average of RAdam: at its limit, and at this step.
  const limit = 2 / (1 - beta2) - 1;
  const length = limit - (2 * step * beta2 ** step) / biasCorrection2;

  /** The step size that divides m alone or m over the denominator, by phase. */
  const adapt = (m: number, s: number): number => {
    if (!rectify)
      return (lr / biasCorrection1) * (m / Math.max(Math.sqrt(s / biasCorrection2) + eps, SMALLEST_NORMAL));
    if (length >= 5) {
      const rectifier = Math.sqrt(
        (((length - 4) / (limit - 4)) * ((length - 2) / length) * limit) / (limit - 2),
      );
      const stepSize = (lr * rectifier * Math.sqrt(biasCorrection2)) / biasCorrection1;
      return stepSize * (m / Math.max(Math.sqrt(s) + eps, SMALLEST_NORMAL));
    }
    return degeneratedToSgd ? (lr / biasCorrection1) * m : 0;
  };

  return (param: number, grad: number, state: ReferenceState): number => {
    const g = scale * grad + coupled * param;
    const r = beta1 * (g - state.expAvg!);
    const expAvg = beta1 * state.expAvg! + (1 - beta1) * g;
    const expAvgVar = beta2 * state.expAvgVar! + (1 - beta2) * r * r + eps;
    let largest = expAvgVar;
    if (amsgrad) largest = state.maxExpAvgVar = Math.max(state.maxExpAvgVar!, expAvgVar);
    const change = Math.min(Math.max(adapt(expAvg, largest), -maxChange), maxChange);
    state.expAvg = expAvg;
    state.expAvgVar = expAvgVar;
    return decay * param + change;
  };
}
