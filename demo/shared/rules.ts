// The update rules as the gallery shows them: name, colour, dashes. Must not know any page, nor the options that a page
// gives a rule.
import { adabelief, adagrad, adam, adamax, adamw, lion, nadam, radam, rmsprop, sgd } from "webgpu-optim";
import { oneOf, type Setting, someOf } from "./settings";

/** Makes each rule from options of its own; all of them take `lr`. */
export const RULES = { adabelief, adam, adamw, nadam, radam, adamax, sgd, rmsprop, adagrad, lion };

export type RuleName = keyof typeof RULES;

/** The ten rules, in the order in which pages list them. */
export const RULE_NAMES = Object.keys(RULES) as RuleName[];

type Style = { label: string; dash?: number[] };

const STYLES: Record<RuleName, Style> = {
  adabelief: { label: "AdaBelief" },
  adam: { label: "Adam" },
  adamw: { label: "AdamW", dash: [7, 4] },
  nadam: { label: "NAdam", dash: [2, 3] },
  radam: { label: "RAdam", dash: [9, 3, 2, 3] },
  adamax: { label: "Adamax", dash: [5, 3] },
  sgd: { label: "SGD" },
  rmsprop: { label: "RMSprop", dash: [12, 4] },
  adagrad: { label: "Adagrad", dash: [3, 3] },
  lion: { label: "Lion" },
};

export const ruleLabel = (name: RuleName): string => STYLES[name].label;

/** The custom property that holds the rule's colour. */
export const ruleColor = (name: RuleName): string => `--rule-${name}`;

/** The line of a rule in a chart. */
export function ruleLine(name: RuleName): { label: string; color: string; width: number; dash?: number[] } {
  return { color: ruleColor(name), width: 2, ...STYLES[name] };
}

const options = (names: readonly RuleName[]) =>
  names.map((value) => ({ value, label: ruleLabel(value), color: ruleColor(value) }));

/** A setting that chooses up to `max` rules. */
export const severalRules = (
  initial: readonly RuleName[],
  max: number = RULE_NAMES.length,
  names: readonly RuleName[] = RULE_NAMES,
): Setting<readonly RuleName[]> => someOf("Update rules", initial, options(names), max);

/** A setting that chooses one rule. */
export const oneRule = (
  initial: RuleName,
  as: "bar" | "list" = "list",
  names: readonly RuleName[] = RULE_NAMES,
): Setting<RuleName> => oneOf("Update rule", initial, options(names), as);
