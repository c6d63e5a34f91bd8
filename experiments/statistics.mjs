// Mean, spread and verdict of runs. It must not know how they are shown.

/**
 * @typedef {import("./store.mjs").Result} Result
 * @typedef {object} Summary of the runs of one rule in one variant of a task
 * @property {import("./grid.mjs").ComparedRule} rule
 * @property {number} count runs that ended with a value
 * @property {number} diverged runs that did not
 * @property {number} mean
 * @property {number} spread standard deviation over the seeds; NaN for fewer than two
 * @property {number} trainingMean NaN where nothing was measured on training data
 */

/** @param {readonly number[]} values */
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Standard deviation of a sample, NaN for fewer than two values.
 * @param {readonly number[]} values
 */
export function deviation(values) {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return values.length < 2 ? NaN : Math.sqrt(squares / (values.length - 1));
}

const isNumber = (/** @type {number | null | undefined} */ value) => typeof value === "number";

/**
 * @param {readonly Result[]} runs of one rule in one variant of a task
 * @returns {Summary}
 */
export function summarise(runs) {
  const values = runs.map(({ value }) => value).filter(isNumber);
  const training = runs.map((run) => run.training).filter(isNumber);
  return {
    rule: /** @type {Result} */ (runs[0]).rule,
    count: values.length,
    diverged: runs.length - values.length,
    mean: mean(values),
    spread: deviation(values),
    trainingMean: mean(training),
  };
}

/**
 * How one rule compares with another. They tie when their means are no further apart than the standard deviation of the
 * difference between one run of each, √(s₁² + s₂²); a rule that diverged more often loses.
 * @param {Summary} one
 * @param {Summary} other
 * @param {boolean} higherIsBetter
 * @returns {"wins" | "ties" | "loses" | "open"} open: too few runs for a spread
 */
export function verdict(one, other, higherIsBetter) {
  if (one.diverged !== other.diverged) return one.diverged < other.diverged ? "wins" : "loses";
  const apart = Math.hypot(one.spread, other.spread);
  if (Number.isNaN(apart)) return "open";
  const difference = (one.mean - other.mean) * (higherIsBetter ? 1 : -1);
  if (Math.abs(difference) <= apart) return "ties";
  return difference > 0 ? "wins" : "loses";
}
