// Rules seen as one type, for suites that loop over the registry.
import type { RuleOptions, UpdateRule } from "webgpu-optim";
import { describeOptions as describeChanged, rules as allRules } from "../../src/conformance/variants";

export { allRules };

/** What the rules of the Adam family have in common. */
export type FamilyOptions = RuleOptions & { betas: [number, number]; eps: number; weightDecay: number };

/** Any rule of the Adam family. */
export type SomeRule = UpdateRule<FamilyOptions>;

/** A rule of options of its own, as {@link SomeRule}. */
export const asSomeRule = (rule: unknown): SomeRule => rule as SomeRule;

/** The rules with amsgrad, on which the suites show what does not depend on the rule. */
export const rules = allRules
  .filter(({ make }) => "amsgrad" in make().defaults)
  .map(({ name, make }) => ({ name, make: (options: object = {}) => asSomeRule(make(options)) }));

/** Every combination of a rule's structural options: each has a kernel, or a state, of its own. */
export function structuresOf(rule: { structural: readonly string[]; defaults: object }): object[] {
  const defaults = rule.defaults as Record<string, unknown>;
  return rule.structural.reduce<object[]>(
    (all, option) => {
      const other = typeof defaults[option] === "number" ? 0.9 : true;
      return [...all, ...all.map((options) => ({ ...options, [option]: other }))];
    },
    [{}],
  );
}

/** The options that differ from the rule's defaults, as a test's title shows them. */
export function describeOptions(rule: { name: string; defaults: object }): string {
  const defaults = allRules.find(({ name }) => name === rule.name)!.make().defaults;
  const changed = Object.entries(rule.defaults).filter(([key, value]) => {
    return JSON.stringify(value) !== JSON.stringify(defaults[key]);
  });
  return describeChanged(Object.fromEntries(changed));
}
