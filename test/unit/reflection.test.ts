// WGSL and TypeScript agree by name and order, for every rule and each of its kernels; and a check that can fail.
import { describe, expect, it } from "vitest";
import type { AnyRule } from "../../src/conformance/variants";
import { disagreements } from "../support/reflection";
import { allRules, describeOptions, structuresOf } from "../support/rules";

const VARIANTS = ["separate", "shared"] as const;

/** The rule with another WGSL text. */
const rewritten = (rule: AnyRule, change: (wgsl: string) => string): AnyRule => {
  const before = rule.wgsl(rule.defaults);
  const after = change(before);
  expect(after, "the mutation must change the text").not.toBe(before);
  return { ...rule, wgsl: () => after };
};
const swapped = (names: readonly string[], i: number, j: number) =>
  names.map((name, index) => names[index === i ? j : index === j ? i : index] ?? name);
const slotsOf = (rule: AnyRule) => rule.stateSlots(rule.defaults);

/** A disagreement: what makes it, and what it must be reported as. */
type Mistake = [what: string, change: (rule: AnyRule) => AnyRule, reported: string];

const ofAll: Mistake[] = [
  [
    "two scalars swapped on the host",
    (rule) => ({ ...rule, scalars: swapped(rule.scalars, 0, 1) }),
    "struct Scalars",
  ],
  ["a scalar less on the host", (rule) => ({ ...rule, scalars: rule.scalars.slice(1) }), "struct Scalars"],
  [
    "a scalar of another type in WGSL",
    (rule) => rewritten(rule, (wgsl) => wgsl.replace("gradScale: f32", "gradScale: u32")),
    "struct Scalars",
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
];
const ofStateful: Mistake[] = [
  [
    "a slot more on the host",
    (rule) => ({ ...rule, stateSlots: () => [...slotsOf(rule), "more"] }),
    "struct State",
  ],
  [
    "a slot of another name on the host",
    (rule) => ({ ...rule, stateSlots: () => ["other", ...slotsOf(rule).slice(1)] }),
    "struct State",
  ],
  [
    "a slot of another type in WGSL",
    (rule) =>
      rewritten(rule, (wgsl) => wgsl.replace(`${slotsOf(rule)[0]}: vec4f`, `${slotsOf(rule)[0]}: vec3f`)),
    "struct State",
  ],
];
const ofSeveralSlots: Mistake[] = [
  [
    "two slots swapped on the host",
    (rule) => ({ ...rule, stateSlots: () => swapped(slotsOf(rule), 0, 1) }),
    "struct State",
  ],
];
const ofStateless: Mistake[] = [
  [
    "a State that the host does not have",
    (rule) => rewritten(rule, (wgsl) => `struct State { momentumBuffer: vec4f }\n${wgsl}`),
    "struct State",
  ],
  [
    "an update that returns one component",
    (rule) => rewritten(rule, (wgsl) => wgsl.replace("-> vec4f", "-> f32")),
    "update",
  ],
];

for (const { name, make } of allRules) {
  describe(name, () => {
    for (const rule of structuresOf(make()).map(make)) {
      const shown = describeOptions(rule);
      const slots = slotsOf(rule);

      it.each(VARIANTS)(`agrees with its kernel with %s bindings and ${shown}`, (variant) => {
        expect(disagreements(rule, variant)).toEqual([]);
      });

      it(`has no bindings, overrides or entry points of its own with ${shown}`, () => {
        expect(rule.wgsl(rule.defaults)).not.toMatch(/@(group|binding|id|compute)|\bvar<|\boverride\b/);
      });

      it(`computes exactly the scalars that it names, finite as float32 at steps 1, 6 and 1e6, with ${shown}`, () => {
        for (const step of [1, 6, 1e6]) {
          const context = { lr: 1e-3, step, gradScale: 1, memory: rule.memory ?? {} };
          const values = rule.hostScalars(rule.defaults, context);
          expect(Object.keys(values).sort()).toEqual([...rule.scalars].sort());
          for (const value of Object.values(values)) {
            expect(Math.abs(Math.fround(value))).toBeLessThan(Infinity);
          }
        }
      });

      it.each([
        ...ofAll,
        ...(slots.length > 0 ? ofStateful : ofStateless),
        ...(slots.length > 1 ? ofSeveralSlots : []),
      ])(`is found to disagree with %s, with ${shown}`, (_, change, what) => {
        expect(disagreements(change(rule), "separate").join("\n")).toContain(`${what}: WGSL has`);
      });
    }
  });
}

it("every kernel of a rule differs from the others", () => {
  for (const { name, make } of allRules) {
    const texts = structuresOf(make()).map((options) => make(options).wgsl(make(options).defaults));
    expect(new Set(texts).size, name).toBe(texts.length);
  }
});
