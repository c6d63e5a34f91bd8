// How far one step of a kernel may be from the float64 reference, and why. The one place where tolerances live.
//
// The kernel and the reference start from the same float32 parameters, gradients and state. WGSL rounds +, - and *
// correctly, lets x / y be 2.5 ulp off, and builds sqrt(x) on inverseSqrt (2 ulp) and a division: about 4.5 ulp.
//
// - First moment, m + w1·(g − m): three roundings of terms no larger than S = max(|m|, |m_new|, w1·|g|), and that of w1.
//   At most 4 ulp of S.
// - Second moment, s + w2·(r·r − s) [+ eps]: likewise against max(s, s_new, w2·r²). At most 4 ulp.
// - Parameter: the quotient carries the root's 4.5 ulp, half the second moment's relative error, the division's 2.5
//   and three scalars of half an ulp: about 11 ulp or 1.3e-6 of U = k·S/denominator + |decay·p|, S standing for m
//   because m may cancel. Bound: 2e-6 of U, and 1 ulp of max(|p|, |p_new|) for the final subtraction.
// - gradScale·g + weightDecay·p: two products and a sum, at most 1.5 ulp of the largest. What that does to the rest is
//   measured by stepping the reference with the gradient moved by that much.
// - Subnormals may be flushed to zero: 2^-126 is added to each bound.

/** Distance between neighbouring float32 at |x|. */
export function ulp(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 2 ** -126) return 2 ** -149;
  return 2 ** (Math.floor(Math.log2(magnitude)) - 23);
}

/** Half an ulp of 1: the relative error of one rounding to float32. */
const ROUNDING = 2 ** -24;
/** The smallest normal float32: what flushing a subnormal to zero may change. */
const FLUSH = 2 ** -126;
/** Ulp of its scale that a moment may be off. */
const MOMENT_ULP = 4;
/** Part of the update that the parameter may be off. */
const UPDATE_ERROR = 2e-6;

type Slots = Record<string, number>;

/** The options that bounds depend on; those that a rule lacks are off. */
export type BoundOptions = {
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  weightDecouple?: boolean;
  fixedDecay?: boolean;
  rectify?: boolean;
};

/** One element of one step. */
export type ElementStep = {
  param: number;
  grad: number;
  /** State before the step, as float32. */
  before: Slots;
  /** What the reference makes of a gradient: the new parameter and state, in float64. */
  reference: (grad: number) => { param: number; state: Slots };
  lr: number;
  step: number;
  gradScale: number;
};

/** Bounds on |kernel − reference| of one element: of the parameter, and of each slot. */
export type ElementBounds = { param: number; state: Slots };

/** Which slots are what in a rule of the Adam family. */
type Family = { second: string; largest: string; decoupled: boolean; belief: boolean };

const families: Record<string, Family> = {
  adam: { second: "expAvgSq", largest: "maxExpAvgSq", decoupled: false, belief: false },
  adamw: { second: "expAvgSq", largest: "maxExpAvgSq", decoupled: true, belief: false },
  adabelief: { second: "expAvgVar", largest: "maxExpAvgVar", decoupled: true, belief: true },
};

/**
 * The bounds of one element's step by a rule.
 * @param rule name of the rule
 */
export function stepBounds(rule: string, options: BoundOptions, element: ElementStep): ElementBounds {
  const family = families[rule];
  if (!family) throw new Error(`there are no bounds for the rule "${rule}"`);
  const { param, grad, before, lr, step, gradScale } = element;
  const [beta1, beta2] = options.betas;
  const decoupled = options.weightDecouple ?? family.decoupled;
  const coupled = decoupled ? 0 : options.weightDecay;
  const decay = decoupled ? (options.fixedDecay ? 1 : lr) * options.weightDecay : 0;
  const after = element.reference(grad);

  const g = Math.abs(gradScale * grad) + coupled * Math.abs(param);
  const m = Math.max(Math.abs(before.expAvg!), Math.abs(after.state.expAvg!), (1 - beta1) * g);
  const r = family.belief ? beta1 * (g + Math.abs(before.expAvg!)) : g;
  const s = Math.max(before[family.second]!, after.state[family.second]!, (1 - beta2) * r * r);

  const largest = Math.max(after.state[family.second]!, after.state[family.largest] ?? 0);
  const scale = options.rectify ? 1 : 1 / Math.sqrt(1 - beta2 ** step);
  const denominator = Math.sqrt(largest) * scale + options.eps;
  const { update, moment } = momentumOnly(options, step)
    ? { update: 0, moment: (lr / (1 - beta1 ** step)) * m }
    : { update: (lr / (1 - beta1 ** step)) * (m / denominator), moment: 0 };
  const size = update + moment + decay * Math.abs(param);

  const spread = propagated(element, coupled, g);
  const state: Slots = {};
  for (const slot of Object.keys(after.state)) {
    const of = slot === "expAvg" ? m : s;
    state[slot] = MOMENT_ULP * ulp(of) + FLUSH + (spread.state[slot] ?? 0);
  }
  const rounding = ulp(Math.max(Math.abs(param), Math.abs(after.param)));
  return { param: rounding + UPDATE_ERROR * size + FLUSH + spread.param, state };
}

/** Whether a rectified rule has not begun to divide: its moving average is shorter than 5. */
function momentumOnly({ rectify, betas: [, beta2] }: BoundOptions, step: number): boolean {
  if (!rectify) return false;
  const limit = 2 / (1 - beta2) - 1;
  return limit - (2 * step * beta2 ** step) / (1 - beta2 ** step) < 5;
}

/** What the rounding of gradScale·g + weightDecay·p does to parameter and state. */
function propagated(element: ElementStep, coupled: number, g: number): ElementBounds {
  if (coupled === 0 && element.gradScale === 1) return { param: 0, state: {} };
  const error = (3 * ROUNDING * g) / Math.abs(element.gradScale);
  const [low, high] = [element.reference(element.grad - error), element.reference(element.grad + error)];
  const state: Slots = {};
  for (const slot of Object.keys(low.state)) state[slot] = Math.abs(high.state[slot]! - low.state[slot]!);
  return { param: Math.abs(high.param - low.param), state };
}
