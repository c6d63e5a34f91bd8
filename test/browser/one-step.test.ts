// One step of every kernel from random states, against the float64 reference, parameters and states.
import { describe, expect } from "vitest";
import type { AdaBeliefOptions, AdamOptions } from "webgpu-optim";
import { it, type Gpu } from "../support/gpu";
import { measureStep, violations, type Start } from "../support/one-step";
import { Random } from "../support/random";
import { describeOptions, rules, type SomeRule } from "../support/rules";

/** Every option off its default, at least once. */
const adamVariants: Partial<AdamOptions>[] = [
  {},
  { lr: 0.25 },
  { lr: 0 },
  { betas: [0, 0.999] },
  { betas: [0.5, 0.9] },
  { betas: [0.99, 0.99999] },
  { betas: [0.9, 0] },
  { eps: 0.1 },
  { eps: 1e-30 },
  { weightDecay: 0.1 },
  { weightDecay: 0 },
  { amsgrad: true },
  { maximize: true },
  { maximize: true, weightDecay: 0.3, amsgrad: true, lr: 3e-2 },
];
const variants: Record<string, object[]> = {
  adam: adamVariants,
  adamw: adamVariants,
  adabelief: [
    ...adamVariants,
    { eps: 1e-8 },
    { weightDecay: 0.1, weightDecouple: false },
    { weightDecay: 0.1, fixedDecay: true },
    { rectify: true },
    { rectify: true, weightDecay: 0.1 },
    { rectify: true, degeneratedToSgd: false },
    { rectify: true, betas: [0.9, 0.5] },
    { maxUpdate: 0.5 },
    { maxUpdate: 0.5, rectify: true, maximize: true },
  ] satisfies Partial<AdaBeliefOptions>[],
};

/** Random parameters, gradients and a state as earlier steps might have left it. */
function randomStart(
  slots: readonly string[],
  length: number,
  step: number,
  gradScale: number,
  seed: number,
): Start {
  const random = new Random(seed);
  const spread = () => 10 ** (6 * random.uniform() - 3);
  const values = (make: () => number) => Float32Array.from({ length }, make);
  const state = Object.fromEntries(
    slots.map((slot) => {
      if (step === 0) return [slot, new Float32Array(length)];
      if (slot === "expAvg") return [slot, values(() => spread() * random.normal())];
      return [slot, values(() => (spread() * random.normal()) ** 2)];
    }),
  );
  const grad = values(() => (spread() * random.normal()) / gradScale);
  return { param: values(() => spread() * random.normal()), grad, state, step, gradScale };
}

const expectWithinBounds = async (gpu: Gpu, rule: SomeRule, start: Start) => {
  expect(violations(await measureStep(gpu, rule, start))).toEqual([]);
};

for (const { name, make } of rules) {
  describe(name, () => {
    for (const rule of variants[name]!.map(make)) {
      const slots = rule.stateSlots(rule.defaults);
      it(`takes steps 1, 2, 6, 100 and 10001 within the bounds with ${describeOptions(rule)}`, async ({
        gpu,
      }) => {
        for (const step of [0, 1, 5, 99, 10000]) {
          await expectWithinBounds(gpu, rule, randomStart(slots, 1021, step, 1, step + 1));
        }
        await expectWithinBounds(gpu, rule, randomStart(slots, 1021, 7, 1 / 1024, 77));
      });
    }

    for (const length of [0, 1, 3, 4, 5, 63, 64, 65, 255, 256, 257, 1_000_003]) {
      it(`steps ${length} elements within the bounds`, async ({ gpu }) => {
        const rule = make({ weightDecay: 0.1 });
        await expectWithinBounds(
          gpu,
          rule,
          randomStart(rule.stateSlots(rule.defaults), length, 3, 1, length),
        );
      });
    }
  });
}
