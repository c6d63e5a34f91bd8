// How far one step of a kernel may be from the float64 reference, and why. The one place where tolerances live.
//
// The kernel and the reference start from the same float32 parameters, gradients and state. WGSL rounds +, - and *
// correctly, lets x / y be 2.5 ulp off, and builds sqrt(x) on inverseSqrt (2 ulp) and a division: about 4.5 ulp.
//
// - Averages, a + w·(x − a) or a − w·a + w·x: three or four roundings of terms no larger than the scale
//   S = max(|a|, |a_new|, w·|x|), and those of the weights. At most 4 ulp of S. AdaBelief's deviation is squared from a
//   difference that was rounded: its scale is taken of that square.
// - Parameter: a quotient carries the root's 4.5 ulp, half the second moment's relative error, the division's 2.5 and
//   three scalars of half an ulp: about 11 ulp or 1.3e-6 of the update U, in which |m| is taken at its scale because m
//   may cancel. Bound: 2e-6 of U, and 1 ulp of max(|p|, |p_new|) for the final subtraction.
// - gradScale·g + weightDecay·p: two products and a sum, at most 1.5 ulp of the largest. What that does to the rest is
//   measured by stepping the reference with the gradient moved by that much.
// - Subnormals may be flushed to zero, operands and results: 2^-125 is added to every average, and what that does to U to the parameter.
// - Centered RMSprop subtracts a² from v: the error of both is carried through the root, unbounded in relative terms
//   where they cancel. Lion's sign is not determined where its argument is within its own error of zero.
import type { RuleOptions } from "../rule.js";

/** Distance between neighbouring float32 at |x|. */
export function ulp(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 2 ** -126) return 2 ** -149;
  return 2 ** (Math.floor(Math.log2(magnitude)) - 23);
}

/** Half an ulp of 1: the relative error of one rounding to float32. */
const ROUNDING = 2 ** -24;
/** Twice the smallest normal float32: what flushing an operand and a result to zero may change. */
const FLUSH = 2 ** -125;
/** Ulp of its scale that an average may be off. */
const AVERAGE_ULP = 4;
/** Part of the update that the parameter may be off. */
const UPDATE_ERROR = 2e-6;

type Slots = Record<string, number>;

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
  /** The rule's own scalars before the step. */
  memory: Readonly<Record<string, number>>;
};

/** Bounds on |kernel − reference| of one element: of the parameter, and of each slot. */
export type ElementBounds = {
  param: number;
  state: Slots;
  /** By slot, the ulp that its bound is counted in. */
  unit: Slots;
};

/** The sizes that a rule's bounds are made of. */
export type Scales = {
  /** By slot: the largest term of the sum that makes it. */
  state: Slots;
  /** Sum of the magnitudes that make the update. */
  update: number;
  /** What errors do to the update beyond its rounding, absolute. */
  spread: number;
  /** The same for a slot. */
  stateSpread?: Slots;
};

/** The options of any rule, by name. */
export type AnyOptions = RuleOptions & Readonly<Record<string, unknown>>;

/** What the scales of a rule are computed from; `g` is |gradScale·grad| + weightDecay·|param|, decay coupled. */
export type Case = ElementStep & { after: Slots; g: number };

/** How the bounds of a rule are made; one's own rule brings its own. */
export type BoundedRule = {
  /** Weight decay that joins the gradient. */
  coupled: (options: never) => number;
  scales: (options: never, element: Case) => Scales;
};

/** The largest magnitude. */
export const max = (...values: number[]) => Math.max(...values.map(Math.abs));

/** numerator / (root·scale + eps), and what flushing its operands and an error of the square may do to it. */
export function quotient(numerator: number, square: number, scale: number, eps: number, squareError = 0) {
  const of = (value: number) => Math.sqrt(Math.max(value, 0)) * scale + Math.max(eps, FLUSH);
  const size = numerator / of(square);
  const worst = (numerator + FLUSH) / of(square - squareError - FLUSH);
  const least = numerator / of(square + squareError + FLUSH);
  return { size, spread: squareError === 0 ? worst - size : Math.max(worst - size, size - least) };
}

type Betas = { betas: readonly [number, number]; eps: number; weightDecay: number };

/** m and v of the Adam family, at their scales. */
function moments({ betas: [beta1, beta2] }: Betas, { before, after, g }: Case, second: string) {
  const m = max(before.expAvg!, after.expAvg!, (1 - beta1) * g);
  const v = max(before[second]!, after[second]!, (1 - beta2) * g * g);
  return { m, v };
}

/** Length of the moving average of rectified rules. */
const averageLength = (beta2: number, step: number) =>
  2 / (1 - beta2) - 1 - (2 * step * beta2 ** step) / (1 - beta2 ** step);

/** Adam and AdamW. */
function adamScales(decoupled: boolean) {
  return (options: Betas, element: Case): Scales => {
    const { lr, step, param, after } = element;
    const { m, v } = moments(options, element, "expAvgSq");
    const [beta1, beta2] = options.betas;
    const largest = after.maxExpAvgSq ?? after.expAvgSq!;
    const { size, spread } = quotient(m, largest, 1 / Math.sqrt(1 - beta2 ** step), options.eps);
    const stepSize = lr / (1 - beta1 ** step);
    const decay = decoupled ? lr * options.weightDecay * Math.abs(param) : 0;
    const state = { expAvg: m, expAvgSq: v, maxExpAvgSq: v };
    return { state, update: decay + stepSize * size, spread: stepSize * spread };
  };
}

type AdaBelief = Betas & { weightDecouple: boolean; fixedDecay: boolean; rectify: boolean };

function adabeliefScales(options: AdaBelief, element: Case): Scales {
  const { lr, step, param, before, after, g } = element;
  const [beta1, beta2] = options.betas;
  const m = max(before.expAvg!, after.expAvg!, (1 - beta1) * g);
  const r = beta1 * (g + Math.abs(before.expAvg!));
  const s = max(before.expAvgVar!, after.expAvgVar!, (1 - beta2) * r * r);
  const decoupled = options.weightDecouple ? options.weightDecay * Math.abs(param) : 0;
  const decay = options.fixedDecay ? decoupled : lr * decoupled;
  const stepSize = lr / (1 - beta1 ** step);
  const state = { expAvg: m, expAvgVar: s, maxExpAvgVar: s };
  if (options.rectify && averageLength(beta2, step) < 5) {
    return { state, update: decay + stepSize * m, spread: stepSize * FLUSH };
  }
  const scale = options.rectify ? 1 : 1 / Math.sqrt(1 - beta2 ** step);
  const { size, spread } = quotient(m, after.maxExpAvgVar ?? after.expAvgVar!, scale, options.eps);
  return { state, update: decay + stepSize * size, spread: stepSize * spread };
}

type Sgd = { momentum: number; dampening: number; nesterov: boolean };

function sgdScales({ momentum, dampening, nesterov }: Sgd, { lr, step, before, after, g }: Case): Scales {
  if (momentum === 0) return { state: {}, update: lr * g, spread: lr * FLUSH };
  const weight = step === 1 ? 1 : Math.abs(1 - dampening);
  const b = max(after.momentumBuffer!, weight * g, Math.max(momentum, 1) * before.momentumBuffer!);
  const update = lr * (nesterov ? g + momentum * b : b);
  return { state: { momentumBuffer: b }, update, spread: lr * (1 + momentum) * FLUSH };
}

type Adagrad = { lrDecay: number; eps: number };

function adagradScales({ lrDecay, eps }: Adagrad, { lr, step, before, after, g }: Case): Scales {
  const sum = max(before.sum!, after.sum!, g * g);
  const { size, spread } = quotient(g, after.sum!, 1, eps);
  const stepSize = lr / (1 + (step - 1) * lrDecay);
  return { state: { sum }, update: stepSize * size, spread: stepSize * spread };
}

type Rmsprop = { alpha: number; eps: number; momentum: number; centered: boolean };

function rmspropScales(options: Rmsprop, { lr, before, after, g }: Case): Scales {
  const { alpha, eps, momentum, centered } = options;
  const squareAvg = max(before.squareAvg!, after.squareAvg!, (1 - alpha) * g * g);
  const state: Slots = { squareAvg };
  let [variance, error] = [after.squareAvg!, 0];
  if (centered) {
    const gradAvg = max(before.gradAvg!, after.gradAvg!, (1 - alpha) * g);
    state.gradAvg = gradAvg;
    variance = Math.max(after.squareAvg! - after.gradAvg! ** 2, 0);
    // Of v, of a through its square, and of the square and the difference themselves.
    const ofMean = 2 * Math.abs(after.gradAvg!) * AVERAGE_ULP * ulp(gradAvg);
    error = AVERAGE_ULP * ulp(squareAvg) + ofMean + 2 * ulp(squareAvg);
  }
  const { size, spread } = quotient(g, variance, 1, eps, error);
  if (momentum === 0) return { state, update: lr * size, spread: lr * spread };
  const buffer = max(after.momentumBuffer!, size, Math.max(momentum, 1) * before.momentumBuffer!);
  state.momentumBuffer = buffer;
  const bufferSpread = spread + UPDATE_ERROR * size;
  return {
    state,
    update: lr * buffer,
    spread: lr * bufferSpread,
    stateSpread: { momentumBuffer: bufferSpread },
  };
}

type Nadam = Betas & { momentumDecay: number };

function nadamScales(options: Nadam, element: Case): Scales {
  const { lr, step, after, g, memory } = element;
  const { m, v } = moments(options, element, "expAvgSq");
  const [beta1, beta2] = options.betas;
  const mu = (t: number) => beta1 * (1 - 0.5 * 0.96 ** (t * options.momentumDecay));
  const product = memory.muProduct! * mu(step);
  const stepGrad = (lr * (1 - mu(step))) / (1 - product);
  const stepAvg = (lr * mu(step + 1)) / (1 - product * mu(step + 1));
  const numerator = stepGrad * g + stepAvg * m;
  const { size, spread } = quotient(
    numerator,
    after.expAvgSq!,
    1 / Math.sqrt(1 - beta2 ** step),
    options.eps,
  );
  return { state: { expAvg: m, expAvgSq: v }, update: size, spread };
}

function radamScales(options: Betas, element: Case): Scales {
  const { lr, step, after } = element;
  const { m, v } = moments(options, element, "expAvgSq");
  const [beta1, beta2] = options.betas;
  const state = { expAvg: m, expAvgSq: v };
  const stepSize = lr / (1 - beta1 ** step);
  if (averageLength(beta2, step) <= 5) return { state, update: stepSize * m, spread: stepSize * FLUSH };
  const { size, spread } = quotient(m, after.expAvgSq!, 1, options.eps);
  const root = Math.sqrt(1 - beta2 ** step);
  return { state, update: stepSize * root * size, spread: stepSize * root * spread };
}

function adamaxScales({ betas: [beta1], eps }: Betas, { lr, step, before, after, g }: Case): Scales {
  const m = max(before.expAvg!, after.expAvg!, (1 - beta1) * g);
  const u = max(before.expInf!, after.expInf!, g + eps);
  const stepSize = lr / (1 - beta1 ** step);
  const [size, worst] = [
    m / Math.max(after.expInf!, FLUSH),
    (m + FLUSH) / Math.max(after.expInf! - FLUSH, FLUSH),
  ];
  return { state: { expAvg: m, expInf: u }, update: stepSize * size, spread: stepSize * (worst - size) };
}

function lionScales({ betas, weightDecay }: Omit<Betas, "eps">, element: Case): Scales {
  const { lr, param, before, after, g, grad, gradScale } = element;
  const [beta1, beta2] = betas;
  const m = max(before.expAvg!, after.expAvg!, (1 - beta2) * g);
  const c = beta1 * before.expAvg! + (1 - beta1) * gradScale * grad;
  const error = AVERAGE_ULP * ulp(max(before.expAvg!, (1 - beta1) * g)) + FLUSH;
  const undetermined = Math.abs(c) <= error ? 2 * lr : 0;
  const decay = lr * weightDecay * Math.abs(param);
  return { state: { expAvg: m }, update: decay + lr, spread: undetermined };
}

const byWeightDecay = ({ weightDecay }: { weightDecay: number }) => weightDecay;
const never = () => 0;

/** By name of the rule: every rule of the registry is here. */
const bounded: Record<string, BoundedRule> = {
  adam: { coupled: byWeightDecay, scales: adamScales(false) },
  adamw: { coupled: never, scales: adamScales(true) },
  adabelief: {
    coupled: ({ weightDecouple, weightDecay }: AdaBelief) => (weightDecouple ? 0 : weightDecay),
    scales: adabeliefScales,
  },
  sgd: { coupled: byWeightDecay, scales: sgdScales },
  adagrad: { coupled: byWeightDecay, scales: adagradScales },
  rmsprop: { coupled: byWeightDecay, scales: rmspropScales },
  nadam: { coupled: byWeightDecay, scales: nadamScales },
  radam: { coupled: byWeightDecay, scales: radamScales },
  adamax: { coupled: byWeightDecay, scales: adamaxScales },
  lion: { coupled: never, scales: lionScales },
};

/** How the bounds of a rule of the registry are made. @throws when there are none */
export function boundedRule(rule: string): BoundedRule {
  const found = bounded[rule];
  if (!found) throw new Error(`there are no bounds for the rule "${rule}"`);
  return found;
}

/** The bounds of one element's step by a rule. */
export function stepBounds(found: BoundedRule, options: AnyOptions, element: ElementStep): ElementBounds {
  const coupled = found.coupled(options as never);
  const { param, grad, gradScale } = element;
  const after = element.reference(grad);
  const g = Math.abs(gradScale * grad) + coupled * Math.abs(param);
  const scales = found.scales(options as never, { ...element, after: after.state, g });
  const moved = propagated(element, coupled, g);
  const [state, unit]: [Slots, Slots] = [{}, {}];
  for (const slot of Object.keys(after.state)) {
    unit[slot] = ulp(scales.state[slot]!);
    const rounding = AVERAGE_ULP * unit[slot] + FLUSH;
    state[slot] = rounding + (moved.state[slot] ?? 0) + (scales.stateSpread?.[slot] ?? 0);
  }
  const rounding = ulp(Math.max(Math.abs(param), Math.abs(after.param)));
  return {
    param: rounding + UPDATE_ERROR * scales.update + FLUSH + (1 + UPDATE_ERROR) * scales.spread + moved.param,
    state,
    unit,
  };
}

/** What the rounding of gradScale·g + weightDecay·p does to parameter and state. */
function propagated(element: ElementStep, coupled: number, g: number): Omit<ElementBounds, "unit"> {
  if (coupled === 0 && element.gradScale === 1) return { param: 0, state: {} };
  const error = (3 * ROUNDING * g + FLUSH) / Math.abs(element.gradScale);
  const [low, high] = [element.reference(element.grad - error), element.reference(element.grad + error)];
  const state: Slots = {};
  for (const slot of Object.keys(low.state)) state[slot] = Math.abs(high.state[slot]! - low.state[slot]!);
  return { param: Math.abs(high.param - low.param), state };
}

/**
 * How far a parameter may be off after many steps: each rounds it by half an ulp, which may be to the same side where
 * steps are alike or smaller than that, and each update is right to {@link UPDATE_ERROR}.
 * @param largest magnitude on the way
 * @param path sum of the magnitudes of the updates
 */
export function walkBound(steps: number, largest: number, path: number): number {
  return (steps * ulp(largest)) / 2 + UPDATE_ERROR * path;
}
