// The rules of the package by name, with their default options, and the bytes that their steps move.
import type { RuleOptions, UpdateRule } from "webgpu-optim";
import { RULES } from "../demo/shared/rules";
import type { RuleName } from "./options.mjs";

export const ruleOf = (name: RuleName): UpdateRule<RuleOptions> => RULES[name]();

export const slotsOf = (rule: UpdateRule<RuleOptions>): readonly string[] => rule.stateSlots(rule.defaults);

/** Bytes per parameter of a step in place: parameter and state read and written, gradient read. */
export const bytesPerParameter = (rule: UpdateRule<RuleOptions>): number =>
  4 * (3 + 2 * slotsOf(rule).length);
