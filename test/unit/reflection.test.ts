// WGSL and TypeScript agree by name and order, for every rule; and a check that can fail.
import { describe, expect, it } from "vitest";
import { disagreements } from "../support/reflection";
import { describeOptions, rules, type SomeRule } from "../support/rules";

const VARIANTS = ["separate", "shared"] as const;

/** The rule with another WGSL text. */
const rewritten = (rule: SomeRule, change: (wgsl: string) => string): SomeRule => {
  const before = rule.wgsl(rule.defaults);
  const after = change(before);
  expect(after, "the mutation must change the text").not.toBe(before);
  return { ...rule, wgsl: () => after };
};
const swapped = (names: readonly string[], i: number, j: number) =>
  names.map((name, index) => names[index === i ? j : index === j ? i : index] ?? name);

for (const { name, make } of rules) {
  describe(name, () => {
    for (const rule of [make(), make({ amsgrad: true })]) {
      for (const variant of VARIANTS) {
        it(`agrees with its kernel with ${variant} bindings and ${describeOptions(rule)}`, () => {
          expect(disagreements(rule, variant)).toEqual([]);
        });
      }

      it(`has no bindings, overrides or entry points of its own with ${describeOptions(rule)}`, () => {
        expect(rule.wgsl(rule.defaults)).not.toMatch(/@(group|binding|id|compute)|\bvar<|\boverride\b/);
      });
    }

    it("computes exactly the scalars that it names, finite as float32 at steps 1, 6 and 1e6", () => {
      const rule = make();
      for (const step of [1, 6, 1e6]) {
        const values = rule.hostScalars(rule.defaults, { lr: 1e-3, step, gradScale: 1, memory: {} });
        expect(Object.keys(values).sort()).toEqual([...rule.scalars].sort());
        for (const value of Object.values(values)) expect(Math.fround(value)).toBeLessThan(Infinity);
      }
    });

    it.each<[string, (rule: SomeRule) => SomeRule, string]>([
      [
        "two scalars swapped on the host",
        (rule) => ({ ...rule, scalars: swapped(rule.scalars, 0, 1) }),
        "struct Scalars",
      ],
      [
        "two slots swapped on the host",
        (rule) => ({ ...rule, stateSlots: (options) => swapped(rule.stateSlots(options), 0, 1) }),
        "struct State",
      ],
      [
        "a scalar less on the host",
        (rule) => ({ ...rule, scalars: rule.scalars.slice(1) }),
        "struct Scalars",
      ],
      [
        "a scalar of another type in WGSL",
        (rule) => rewritten(rule, (wgsl) => wgsl.replace("gradScale: f32", "gradScale: u32")),
        "struct Scalars",
      ],
      [
        "a slot of another type in WGSL",
        (rule) => rewritten(rule, (wgsl) => wgsl.replace("expAvg: vec4f", "expAvg: vec3f")),
        "struct State",
      ],
      [
        "parameter and gradient swapped in update",
        (rule) =>
          rewritten(rule, (wgsl) => wgsl.replace("param: vec4f, grad: vec4f", "grad: vec4f, param: vec4f")),
        "update",
      ],
      [
        "a binding of the rule's own",
        (rule) =>
          rewritten(rule, (wgsl) => `${wgsl}\n@group(1) @binding(0) var<storage, read> more: array<f32>;`),
        "bindings",
      ],
    ])("is found to disagree with %s", (_, change, what) => {
      expect(disagreements(change(make()), "separate").join("\n")).toContain(`${what}: WGSL has`);
    });
  });
}
