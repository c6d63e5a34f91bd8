// Each rule's WGSL, interpreted in node, against its float64 reference: the formulas agree before any GPU is asked.
import { describe, expect, it } from "vitest";
import { boundedRule, stepBounds } from "../../src/conformance/bounds";
import { randomStart, regimes } from "../../src/conformance/inputs";
import type { AnyRule } from "../../src/conformance/variants";
import { MAX_FLOAT32 } from "../../src/host-scalars";
import { allRules, describeOptions, structuresOf } from "../support/rules";
import { runUpdate } from "../support/wgsl-update";

const LENGTH = 64;
const STEPS = [1, 2, 6, 100];
const [normal] = regimes;

/** Options off their defaults together, laid over whatever the rule has of them. */
const together = {
  lr: 0.1,
  weightDecay: 0.3,
  eps: 1e-3,
  betas: [0.7, 0.9],
  alpha: 0.9,
  lrDecay: 0.1,
  momentumDecay: 0.1,
};
const short = { betas: [0.3, 0.4], alpha: 0.4, maximize: true };

/** The options among these that a rule has. */
const known = (rule: AnyRule, options: object) =>
  Object.fromEntries(Object.entries(options).filter(([option]) => option in rule.defaults));

/** How much of its bound the worst element uses, of the parameter and of each slot. */
function worstOf(rule: AnyRule, wgsl: AnyRule, step: number): Record<string, number> {
  const start = randomStart(rule, LENGTH, { step: step - 1, regime: normal!, gradScale: 0.5, seed: step });
  const context = { lr: rule.defaults.lr as number, step, gradScale: 0.5, memory: start.memory };
  const actual = runUpdate(wgsl, context, start);
  const update = rule.reference(rule.defaults, context);
  const worst = Object.fromEntries(["param", ...Object.keys(start.state)].map((what) => [what, 0]));
  const note = (what: string, difference: number, bound: number) => {
    const used = Math.abs(difference) / bound;
    if (!(used <= worst[what]!)) worst[what] = used;
  };
  for (let i = 0; i < LENGTH; i++) {
    const param = start.param[i]!;
    const before = Object.fromEntries(
      Object.entries(start.state).map(([slot, values]) => [slot, values[i]!]),
    );
    const reference = (grad: number) => {
      const state = { ...before };
      const delta = update(param, grad, state);
      return { param: param - delta, state };
    };
    const grad = start.grad[i]!;
    const bounds = stepBounds(boundedRule(rule.name), rule.defaults, {
      param,
      grad,
      before,
      reference,
      ...context,
    });
    const expected = reference(grad);
    note("param", param - actual.delta[i]! - expected.param, bounds.param);
    for (const slot in actual.state) {
      note(slot, actual.state[slot]![i]! - expected.state[slot]!, bounds.state[slot]!);
    }
  }
  return worst;
}

for (const { name, make, variants } of allRules) {
  const structures = structuresOf(make());

  describe(name, () => {
    const combined = [together, short].flatMap((options) =>
      structures.map((structure) => ({ ...known(make(), options), ...structure })),
    );
    const all = new Map(
      [...variants, ...structures, ...combined].map((options) => [JSON.stringify(options), options]),
    );
    for (const rule of [...all.values()].map(make)) {
      it(`follows its reference at steps ${STEPS.join(", ")} with ${describeOptions(rule)}`, () => {
        for (const step of STEPS) {
          const worst = worstOf(rule, rule, step);
          expect(Object.keys(worst)).toEqual(["param", ...rule.stateSlots(rule.defaults)]);
          for (const [what, used] of Object.entries(worst)) {
            expect(used, `${what} at step ${step}, as a part of its bound`).toBeLessThanOrEqual(1);
          }
        }
      });
    }

    for (const structure of structures) {
      const nesterov = "momentum" in structure ? { nesterov: true } : {};
      const rule = make(known(make(), { ...together, ...structure, ...nesterov }));
      const text = rule.wgsl(rule.defaults);
      // What the monitor tells of a rule is no part of its step.
      const step = text.split("fn effectiveStep")[0]!;
      const { memory } = randomStart(rule, 1, { step: 20, regime: normal!, seed: 1 });
      const scalars = rule.hostScalars(rule.defaults, { lr: 0.1, step: 21, gradScale: 0.5, memory });
      // A scalar that is 0 here, or stands for infinity, changes nothing when it is left out.
      const felt = Object.entries(scalars).filter(
        ([scalar, value]) => step.includes(`scalars.${scalar}`) && value !== 0 && value < MAX_FLOAT32,
      );
      it.each(felt.map(([scalar]) => scalar))(
        `no longer follows it when its WGSL takes %s for 0, with ${describeOptions(rule)}`,
        (scalar) => {
          const wgsl = text.replace(new RegExp(`scalars\\.${scalar}\\b`, "g"), "0.0");
          expect(wgsl).not.toBe(text);
          expect(worstOf(rule, rule, 21), "unchanged").toSatisfy((worst: Record<string, number>) =>
            Object.values(worst).every((used) => used <= 1),
          );
          const worst = Object.values(worstOf(rule, { ...rule, wgsl: () => wgsl }, 21));
          expect(worst.some((used) => !(used <= 1))).toBe(true);
        },
      );
    }
  });
}
