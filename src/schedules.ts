// Learning-rate schedules: pure functions of the completed steps, by optax's formulas. Knows no optimizer.
import { OptionError, show } from "./errors.js";
import type { Schedule } from "./rule.js";

/** @throws {OptionError} unless every named value is a finite number that `legal` accepts */
function check(
  schedule: string,
  values: Record<string, unknown>,
  range: string,
  legal: (value: number) => boolean,
) {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "number" || !Number.isFinite(value) || !legal(value)) {
      throw new OptionError(`${schedule}: ${name} must be in ${range}, got ${show(value)}`, name, value);
    }
  }
}
const checkRates = (schedule: string, rates: Record<string, unknown>) => {
  check(schedule, rates, "[0, ∞)", (value) => value >= 0);
};
const checkPositive = (schedule: string, values: Record<string, unknown>) => {
  check(schedule, values, "(0, ∞)", (value) => value > 0);
};

/**
 * The same learning rate at every step.
 *
 * `lr(c) = value`
 *
 * @param value in [0, ∞)
 * @throws {OptionError} for a value out of range; so do all schedules
 */
export function constantSchedule(value: number): Schedule {
  checkRates("constantSchedule", { value });
  return () => value;
}

/**
 * A straight line from one learning rate to another, constant before and after.
 *
 * `lr(c) = (init − end)·(1 − clip(c − begin, 0, steps)/steps) + end`
 *
 * Source: `optax.linear_schedule`.
 *
 * @param options init, end: learning rates in [0, ∞); steps: length in (0, ∞); begin: completed steps before it starts,
 * default 0
 * @example
 * const rule = adam({ lr: linearSchedule({ init: 1e-3, end: 0, steps: 1000 }) });
 */
export function linearSchedule(options: {
  init: number;
  end: number;
  steps: number;
  begin?: number;
}): Schedule {
  const { init, end, steps, begin = 0 } = options;
  checkRates("linearSchedule", { init, end, begin });
  checkPositive("linearSchedule", { steps });
  return (count) => (init - end) * (1 - clip(count - begin, 0, steps) / steps) + end;
}

/**
 * Half a cosine down to a fraction of the first learning rate.
 *
 * `lr(c) = init·((1 − alpha)·(½·(1 + cos(π·min(c, steps)/steps)))^exponent + alpha)`
 *
 * Source: `optax.cosine_decay_schedule`.
 *
 * @param options init: learning rate in [0, ∞); steps: length in (0, ∞); alpha: fraction that is left in [0, ∞), default
 * 0; exponent: in (0, ∞), default 1
 */
export function cosineSchedule(options: {
  init: number;
  steps: number;
  alpha?: number;
  exponent?: number;
}): Schedule {
  const { init, steps, alpha = 0, exponent = 1 } = options;
  checkRates("cosineSchedule", { init, alpha });
  checkPositive("cosineSchedule", { steps, exponent });
  return (count) => {
    const cosine = 0.5 * (1 + Math.cos((Math.PI * Math.min(count, steps)) / steps));
    return init * ((1 - alpha) * cosine ** exponent + alpha);
  };
}

/**
 * A learning rate multiplied by `rate` every `steps` steps, smoothly or by stairs.
 *
 * `lr(c) = init·rate^((c − begin)/steps)`, the exponent rounded down with `staircase`; init until begin; not beyond
 * `end`
 *
 * Source: `optax.exponential_decay`.
 *
 * @param options init: learning rate in [0, ∞); rate: in (0, ∞); steps: in (0, ∞); begin: default 0; staircase: default
 * false; end: bound, from below when rate < 1 and from above otherwise, default none
 */
export function exponentialSchedule(options: {
  init: number;
  rate: number;
  steps: number;
  begin?: number;
  staircase?: boolean;
  end?: number;
}): Schedule {
  const { init, rate, steps, begin = 0, staircase = false, end } = options;
  checkRates("exponentialSchedule", { init, begin, ...(end === undefined ? {} : { end }) });
  checkPositive("exponentialSchedule", { rate, steps });
  return (count) => {
    const periods = (count - begin) / steps;
    const value = count <= begin ? init : init * rate ** (staircase ? Math.floor(periods) : periods);
    if (end === undefined) return value;
    return rate < 1 ? Math.max(value, end) : Math.min(value, end);
  };
}

/**
 * Stairs: a learning rate multiplied by `rate` after every `steps` steps.
 *
 * `lr(c) = init·rate^⌊c/steps⌋`
 *
 * Source: `optax.exponential_decay(staircase=True)`, which is PyTorch's StepLR.
 *
 * @param options init: learning rate in [0, ∞); rate: in (0, ∞), default 0.1; steps: length of a stair in (0, ∞)
 */
export function stepSchedule(options: { init: number; rate?: number; steps: number }): Schedule {
  const { init, rate = 0.1, steps } = options;
  checkRates("stepSchedule", { init });
  checkPositive("stepSchedule", { rate, steps });
  return (count) => init * rate ** Math.floor(count / steps);
}

/**
 * A learning rate that is multiplied at given steps.
 *
 * `lr(c) = init·Π scale of every boundary ≤ c`
 *
 * Source: `optax.piecewise_constant_schedule`.
 *
 * @param options init: learning rate in [0, ∞); scales: by boundary (completed steps), each in [0, ∞)
 * @example
 * piecewiseSchedule({ init: 0.1, scales: { 30_000: 0.1, 60_000: 0.1 } })
 */
export function piecewiseSchedule(options: { init: number; scales: Record<number, number> }): Schedule {
  const { init, scales } = options;
  checkRates("piecewiseSchedule", { init });
  const steps = Object.entries(scales).map(([boundary, scale]) => {
    checkRates("piecewiseSchedule", { boundary: Number(boundary), [`scales[${boundary}]`]: scale });
    return { boundary: Number(boundary), scale };
  });
  return (count) =>
    steps.reduce((value, { boundary, scale }) => (count >= boundary ? value * scale : value), init);
}

/**
 * A line up to a peak, then half a cosine down.
 *
 * `lr(c) = linear from init to peak over warmup steps; then cosine from peak to end over (steps − warmup) steps`
 *
 * Source: `optax.warmup_cosine_decay_schedule`; `steps` includes the warmup, as `decay_steps` does there.
 *
 * @param options init: learning rate in [0, ∞), default 0; peak: in [0, ∞); warmup: steps in [0, steps); steps: of both
 * parts; end: learning rate in [0, ∞), default 0; exponent: in (0, ∞), default 1
 */
export function warmupCosineSchedule(options: {
  init?: number;
  peak: number;
  warmup: number;
  steps: number;
  end?: number;
  exponent?: number;
}): Schedule {
  const { init = 0, peak, warmup, steps, end = 0, exponent = 1 } = options;
  checkRates("warmupCosineSchedule", { init, peak, end, warmup });
  checkPositive("warmupCosineSchedule", { exponent });
  check("warmupCosineSchedule", { steps }, `(warmup ${warmup}, ∞)`, (value) => value > warmup);
  // Without a warmup the rise is never asked.
  const rise = linearSchedule({ init, end: peak, steps: Math.max(warmup, 1) });
  const fall = cosineSchedule({
    init: peak,
    steps: steps - warmup,
    alpha: peak === 0 ? 0 : end / peak,
    exponent,
  });
  return (count) => (count < warmup ? rise(count) : fall(count - warmup));
}

/**
 * One cycle: half a cosine up to a peak, another down to almost nothing.
 *
 * `lr(c) = cosine from peak/divisor to peak over ⌊rise·steps⌋ steps; then cosine to peak/(divisor·finalDivisor)`
 *
 * Source: Smith and Topin 2017; `optax.cosine_onecycle_schedule`.
 *
 * @param options peak: learning rate in [0, ∞); steps: of the cycle, in (0, ∞); rise: fraction of the steps spent going
 * up, in (0, 1), default 0.3; divisor: in (0, ∞), default 25; finalDivisor: in (0, ∞), default 1e4
 */
export function oneCycleSchedule(options: {
  peak: number;
  steps: number;
  rise?: number;
  divisor?: number;
  finalDivisor?: number;
}): Schedule {
  const { peak, steps, rise = 0.3, divisor = 25, finalDivisor = 1e4 } = options;
  checkRates("oneCycleSchedule", { peak });
  checkPositive("oneCycleSchedule", { steps, divisor, finalDivisor });
  check("oneCycleSchedule", { rise }, "(0, 1)", (value) => value > 0 && value < 1);
  const top = Math.floor(rise * steps);
  const [first, last] = [peak / divisor, peak / (divisor * finalDivisor)];
  return (count) => {
    if (count < top) return halfCosine(first, peak, count / top);
    return halfCosine(peak, last, clip((count - top) / (steps - top), 0, 1));
  };
}

const clip = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

/** From `start` at part 0 to `end` at part 1. */
const halfCosine = (start: number, end: number, part: number) =>
  end + ((start - end) / 2) * (Math.cos(Math.PI * part) + 1);
