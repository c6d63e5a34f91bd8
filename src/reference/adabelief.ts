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

/** What multiplies m and what divides it, by phase of the rectification. */
function adaptation({ betas, eps, rectify, degeneratedToSgd }: Options, { lr, step }: ReferenceContext) {
  const [beta1, beta2] = betas;
  const stepSize = lr / (1 - beta1 ** step);
  const biasCorrection2 = 1 - beta2 ** step;
  const above = (denominator: number) => Math.max(denominator, SMALLEST_NORMAL);
  if (!rectify) {
    return { stepSize, denominatorOf: (s: number) => above(Math.sqrt(s / biasCorrection2) + eps) };
  }
  // Length of the moving average of RAdam: at its limit, and at this step.
  const limit = 2 / (1 - beta2) - 1;
  const length = limit - (2 * step * beta2 ** step) / biasCorrection2;
  if (length < 5) return { stepSize: degeneratedToSgd ? stepSize : 0, denominatorOf: () => 1 };
  const rectifier = Math.sqrt((((length - 4) / (limit - 4)) * ((length - 2) / length) * limit) / (limit - 2));
  return {
    stepSize: stepSize * rectifier * Math.sqrt(biasCorrection2),
    denominatorOf: (s: number) => above(Math.sqrt(s) + eps),
  };
}

const maxChangeOf = ({ maxUpdate }: Options, lr: number) =>
  maxUpdate === Infinity ? Infinity : lr * maxUpdate;

/** One element of AdaBelief's step; `adabelief()` documents the equations. */
export function adabeliefReference(options: Options, context: ReferenceContext) {
  const { betas, eps, weightDecay, weightDecouple, fixedDecay, amsgrad, maximize } = options;
  const { lr, gradScale } = context;
  const [beta1, beta2] = betas;
  const scale = maximize ? -gradScale : gradScale;
  const coupled = weightDecouple ? 0 : weightDecay;
  const decay = weightDecouple ? (fixedDecay ? weightDecay : lr * weightDecay) : 0;
  const maxChange = maxChangeOf(options, lr);
  const { stepSize, denominatorOf } = adaptation(options, context);

  return (param: number, grad: number, state: ReferenceState): number => {
    const g = scale * grad + coupled * param;
    const r = beta1 * (g - state.expAvg!);
    const expAvg = beta1 * state.expAvg! + (1 - beta1) * g;
    const expAvgVar = beta2 * state.expAvgVar! + (1 - beta2) * r * r + eps;
    let largest = expAvgVar;
    if (amsgrad) largest = state.maxExpAvgVar = Math.max(state.maxExpAvgVar!, expAvgVar);
    const ratio = stepSize * (expAvg / denominatorOf(largest));
    const change = Math.min(Math.max(ratio, -maxChange), maxChange);
    state.expAvg = expAvg;
    state.expAvgVar = expAvgVar;
    return decay * param + change;
  };
}

/** What m / (1 − β1^t) is multiplied by: lr / (√ŝ + eps), rectified if asked for. */
export function adabeliefEffectiveStep(options: Options, context: ReferenceContext) {
  const maxChange = maxChangeOf(options, context.lr);
  const biasCorrection1 = 1 - options.betas[0] ** context.step;
  const { stepSize, denominatorOf } = adaptation(options, context);
  return ({ expAvg, expAvgVar, maxExpAvgVar }: Readonly<ReferenceState>) => {
    const denominator = denominatorOf(options.amsgrad ? maxExpAvgVar! : expAvgVar!);
    return {
      stepSize: (stepSize * biasCorrection1) / denominator,
      capped: Math.abs(stepSize * (expAvg! / denominator)) >= maxChange,
    };
  };
}
