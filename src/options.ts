// Types, ranges and checks of options. Knows no particular rule: each rule brings its table.
import { OptionError, show, suggest } from "./errors.js";
import { MAX_FLOAT32 } from "./host-scalars.js";
import type { NumberRange, OptionSpec, Overrides, RuleOptions, UpdateRule } from "./rule.js";

const inUnitInterval: NumberRange = { contains: (value) => value >= 0 && value < 1, text: "[0, 1)" };
const isNonNegative: NumberRange = { contains: (value) => value >= 0 && value < Infinity, text: "[0, ∞)" };
const isPositive: NumberRange = { contains: (value) => value > 0, text: "(0, ∞]" };

/** A finite number of at least 0. */
export const nonNegative: OptionSpec = { type: "number", range: isNonNegative };
/** A number above 0; Infinity is legal. */
export const positive: OptionSpec = { type: "number", range: isPositive };
/** true or false. */
export const flag: OptionSpec = { type: "boolean" };
/** A decay rate in [0, 1). */
export const decayRate: OptionSpec = { type: "number", range: inUnitInterval };
/** Two decay rates in [0, 1). */
export const decayRates: OptionSpec = { type: "rates", count: 2 };
/** Three decay rates in [0, 1). */
export const threeDecayRates: OptionSpec = { type: "rates", count: 3 };
/** A finite number of at least 0, or a schedule that returns one. */
export const learningRate: OptionSpec = { type: "lr" };

/** Where a message says that an option was set: `index` is the param group, if it is one. */
const place = (index: number | undefined) => (index === undefined ? "" : ` (param group ${index})`);

function checkNumber(
  rule: string,
  option: string,
  value: unknown,
  range: NumberRange,
  index?: number,
  alternative = "",
  as = option,
): void {
  if (typeof value !== "number") {
    throw new OptionError(
      `${rule}: ${as} must be a number in ${range.text}${alternative}, got ${show(value)}${place(index)}`,
      option,
      value,
    );
  }
  if (!range.contains(value)) {
    const message = `${rule}: ${as} must be in ${range.text}, got ${value}${place(index)}`;
    throw new OptionError(message, option, value);
  }
  if (value > MAX_FLOAT32 && value < Infinity) {
    const message = `${rule}: ${as} must be at most ${MAX_FLOAT32} (float32), got ${value}${place(index)}`;
    throw new OptionError(message, option, value);
  }
}

function checkOption(rule: string, option: string, spec: OptionSpec, value: unknown, index?: number): void {
  switch (spec.type) {
    case "number":
      checkNumber(rule, option, value, spec.range, index);
      return;
    case "lr":
      if (typeof value !== "function")
        checkNumber(rule, option, value, isNonNegative, index, " or a schedule");
      return;
    case "boolean":
      if (typeof value !== "boolean") {
        const message = `${rule}: ${option} must be true or false, got ${show(value)}${place(index)}`;
        throw new OptionError(message, option, value);
      }
      return;
    case "rates":
      if (!Array.isArray(value) || value.length !== spec.count) {
        const count = spec.count === 2 ? "two" : "three";
        const message = `${rule}: ${option} must be ${count} numbers in [0, 1), got ${show(value)}${place(index)}`;
        throw new OptionError(message, option, value);
      }
      value.forEach((rate, position) => {
        checkNumber(rule, `${option}[${position}]`, rate, inUnitInterval, index);
      });
  }
}

/**
 * Checks every option of one group, types, ranges and combinations.
 * @throws {OptionError} naming rule, option, value, legal range and group
 */
export function checkOptions<O extends RuleOptions>(
  rule: Pick<UpdateRule<O>, "name" | "options" | "conflict">,
  options: Readonly<O>,
  index?: number,
): void {
  for (const option in rule.options) {
    checkOption(rule.name, option, rule.options[option], options[option], index);
  }
  const conflict = rule.conflict?.(options);
  if (conflict) {
    const message = `${rule.name}: ${conflict.message}${place(index)}`;
    throw new OptionError(message, conflict.option, options[conflict.option as keyof O]);
  }
}

/**
 * A copy of `defaults` with `overrides` laid over it, checked. An override that is undefined is left out; arrays
 * are copied, so that no two groups share one.
 * @throws {OptionError} for an unknown option (suggesting the nearest known one) or an illegal value
 */
export function mergeOptions<O extends RuleOptions>(
  rule: Pick<UpdateRule<O>, "name" | "options" | "conflict">,
  defaults: Readonly<O>,
  overrides: Overrides<O>,
  index?: number,
): O {
  if (typeof (overrides as unknown) !== "object" || (overrides as unknown) === null) {
    const message = `${rule.name}: options must be an object such as { lr: 1e-3 }, got ${show(overrides)}${place(index)}`;
    throw new OptionError(message, "options", overrides);
  }
  const merged: O = { ...defaults };
  for (const option of Object.keys(overrides) as (keyof O & string)[]) {
    if (!Object.hasOwn(rule.options, option)) {
      const remedy = suggest(option, Object.keys(rule.options));
      const message = `${rule.name}: unknown option "${option}"${remedy}${place(index)}`;
      throw new OptionError(message, option, overrides[option]);
    }
    const value = overrides[option];
    if (value !== undefined) merged[option] = value;
  }
  checkOptions(rule, merged, index);
  for (const option of Object.keys(merged) as (keyof O)[]) {
    if (Array.isArray(merged[option])) merged[option] = [...(merged[option] as unknown[])] as O[keyof O];
  }
  return merged;
}

/**
 * A rule with other options: what the function of every rule returns.
 * @param overrides options other than the rule's defaults
 * @throws {OptionError} for an unknown option, a wrong type or a value out of range
 */
export function withOptions<O extends RuleOptions>(
  rule: UpdateRule<O>,
  overrides: Overrides<O> = {},
): UpdateRule<O> {
  return { ...rule, defaults: mergeOptions(rule, rule.defaults, overrides) };
}

/**
 * The learning rate of a step.
 * @param step completed steps, from 0
 * @throws {OptionError} when the schedule returns anything but a finite number of at least 0
 */
export function scheduledLr(rule: string, lr: RuleOptions["lr"], step: number, index: number): number {
  if (typeof lr === "number") return lr;
  const value = lr(step);
  checkNumber(rule, "lr", value, isNonNegative, index, "", `lr (schedule at step ${step})`);
  return value;
}
