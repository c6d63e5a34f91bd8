// The rules of the package by name, with their default options.
import {
  adabelief,
  adagrad,
  adam,
  adamax,
  adamw,
  lion,
  nadam,
  radam,
  rmsprop,
  sgd,
  type RuleOptions,
  type UpdateRule,
} from "webgpu-optim";
import type { RuleName } from "./options.mjs";

const rules: Record<RuleName, () => UpdateRule<RuleOptions>> = {
  adam,
  adamw,
  adabelief,
  sgd,
  adagrad,
  rmsprop,
  nadam,
  radam,
  adamax,
  lion,
};

export const ruleOf = (name: RuleName): UpdateRule<RuleOptions> => rules[name]();

export const slotsOf = (rule: UpdateRule<RuleOptions>): readonly string[] => rule.stateSlots(rule.defaults);

/** Bytes per parameter of a step in place: parameter and state read and written, gradient read. */
export const bytesPerParameter = (rule: UpdateRule<RuleOptions>): number =>
  4 * (3 + 2 * slotsOf(rule).length);
