// Rules seen as one type, for suites that loop over the registry.
import type { RuleOptions, UpdateRule } from "webgpu-optim";
import type { BoundOptions } from "../../src/conformance/bounds";
import { registry } from "../../src/rules/registry";

/** Any rule whose bounds are known. */
export type SomeRule = UpdateRule<RuleOptions & BoundOptions>;

/** A rule of options of its own, as {@link SomeRule}. */
export const asSomeRule = (rule: unknown): SomeRule => rule as SomeRule;

/** Every rule of the registry: its name, and what makes it. */
export const rules = Object.entries(registry).map(([name, make]) => ({
  name,
  make: (options: object = {}): SomeRule => asSomeRule(make(options)),
}));

/** The options that differ from the rule's defaults, as a test's title shows them. */
export function describeOptions(rule: SomeRule): string {
  const defaults = rules.find(({ name }) => name === rule.name)!.make().defaults as Record<string, unknown>;
  const changed = Object.entries(rule.defaults).filter(([key, value]) => {
    return JSON.stringify(value) !== JSON.stringify(defaults[key]);
  });
  return changed.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(", ") || "defaults";
}
