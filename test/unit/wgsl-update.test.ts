// Each rule's WGSL, interpreted in node, against its float64 reference: the formulas agree before any GPU is asked.
import { describe, expect, it } from "vitest";
import { stepBounds } from "../../src/conformance/bounds";
import { MAX_FLOAT32 } from "../../src/host-scalars";
import { Random } from "../support/random";
import { describeOptions, rules, type SomeRule } from "../support/rules";
import { runUpdate, type Elements } from "../support/wgsl-update";

const LENGTH = 64;

const variants: object[] = [
  {},
  { weightDecay: 0.3, lr: 0.1, eps: 1e-3, betas: [0.7, 0.9] },
  { betas: [0.3, 0.4], maximize: true },
  { amsgrad: true, weightDecay: 0.1 },
];
const ofAdaBelief: object[] = [
  { weightDecay: 0.1, weightDecouple: false },
  { weightDecay: 0.1, fixedDecay: true },
  { rectify: true },
  { rectify: true, degeneratedToSgd: false },
  { maxUpdate: 0.5 },
];

function startOf(rule: SomeRule, step: number): Elements {
  const random = new Random(step);
  const values = (make: () => number) => Float32Array.from({ length: LENGTH }, make);
  const slots = rule.stateSlots(rule.defaults).map((slot) => {
    if (step === 1) return [slot, new Float32Array(LENGTH)] as const;
    return [slot, values(() => (slot === "expAvg" ? random.normal() : random.normal() ** 2))] as const;
  });
  return { param: random.normals(LENGTH), grad: random.normals(LENGTH), state: Object.fromEntries(slots) };
}

/** How much of its bound the worst element uses, of the parameter and of each slot. */
function worstOf(rule: SomeRule, wgsl: SomeRule, step: number): Record<string, number> {
  const context = { lr: rule.defaults.lr as number, step, gradScale: 0.5, memory: {} };
  const start = startOf(rule, step);
  const actual = runUpdate(wgsl, context, start);
  const update = rule.reference(rule.defaults, context);
  const worst: Record<string, number> = {};
  const note = (what: string, difference: number, bound: number) => {
    const used = Math.abs(difference) / bound;
    if (!(used <= (worst[what] ?? 0))) worst[what] = used;
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
    const bounds = stepBounds(rule.name, rule.defaults, { param, grad, before, reference, ...context });
    const expected = reference(grad);
    note("param", param - actual.delta[i]! - expected.param, bounds.param);
    for (const slot in actual.state) {
      note(slot, actual.state[slot]![i]! - expected.state[slot]!, bounds.state[slot]!);
    }
  }
  return worst;
}

for (const { name, make } of rules) {
  describe(name, () => {
    for (const rule of [...variants, ...(name === "adabelief" ? ofAdaBelief : [])].map(make)) {
      it(`follows its reference at steps 1, 2, 6 and 100 with ${describeOptions(rule)}`, () => {
        for (const step of [1, 2, 6, 100]) {
          for (const [what, used] of Object.entries(worstOf(rule, rule, step))) {
            expect(used, `${what} at step ${step}, as a part of its bound`).toBeLessThanOrEqual(1);
          }
        }
      });
    }

    const mutable = make({ weightDecay: 0.1, eps: 1e-3, amsgrad: true });
    const context = { lr: 0.1, step: 3, gradScale: 0.5, memory: {} };
    // A scalar that is 0 here, or stands for infinity, changes nothing when it is left out.
    const felt = Object.entries(mutable.hostScalars(mutable.defaults, context)).filter(
      ([, value]) => value !== 0 && value < MAX_FLOAT32,
    );
    it.each(felt.map(([scalar]) => scalar))("no longer follows it when its WGSL takes %s for 0", (scalar) => {
      const text = mutable.wgsl(mutable.defaults);
      const wgsl = text.replaceAll(`scalars.${scalar}`, "0.0");
      expect(wgsl).not.toBe(text);
      expect(
        Math.max(...Object.values(worstOf(mutable, { ...mutable, wgsl: () => wgsl }, 3))),
      ).toBeGreaterThan(1);
    });
  });
}
