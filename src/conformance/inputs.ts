// What the cases feed to the rules: gradients of every regime, and states as earlier steps might have left them.
import type { Memory } from "../rule.js";
import { Random } from "./random.js";
import type { AnyRule } from "./variants.js";

/** Parameters, gradients and state from which a step is taken. */
export type Start = {
  param: Float32Array<ArrayBuffer>;
  grad: Float32Array<ArrayBuffer>;
  state: Record<string, Float32Array<ArrayBuffer>>;
  /** Completed steps. */
  step: number;
  memory: Memory;
  gradScale: number;
};

/** A kind of gradients; `around` is the running mean of the gradient, where the rule keeps one. */
export type Regime = { name: string; gradient: (random: Random, around: number) => number; scale: number };

/** Six orders of magnitude around 1. */
const spread = (random: Random) => 10 ** (6 * random.uniform() - 3);

export const regimes: readonly Regime[] = [
  { name: "normal", scale: 1, gradient: (random) => spread(random) * random.normal() },
  { name: "tiny 1e-20", scale: 1e-20, gradient: (random) => 1e-20 * random.normal() },
  { name: "huge 1e10", scale: 1e10, gradient: (random) => 1e10 * random.normal() },
  {
    name: "sparse zeros",
    scale: 1,
    gradient: (random) => (random.uniform() < 0.9 ? 0 : spread(random) * random.normal()),
  },
  {
    name: "nearly constant",
    scale: 1,
    gradient: (random, around) => around * (1 + 1e-6 * random.normal()),
  },
  { name: "subnormal", scale: 1e-40, gradient: (random) => 1e-40 * random.normal() },
];

/** Slots that hold squares, and so are never negative. */
const isSquare = (slot: string) => /sq|var|square|sum|inf/i.test(slot);
/** Slots that hold a mean of the gradient. */
const isMean = (slot: string) => slot === "expAvg" || slot === "gradAvg";

/** The memory of a rule after so many steps. */
function memoryAfter(rule: AnyRule, step: number): Memory {
  let memory = rule.memory ?? {};
  if (!rule.remember) return memory;
  for (let t = 1; t <= step; t++)
    memory = rule.remember(rule.defaults, { lr: 0, step: t, gradScale: 1, memory });
  return memory;
}

/** A random start in a regime after so many completed steps; the same for the same seed. */
export function randomStart(
  rule: AnyRule,
  length: number,
  { step, regime, gradScale = 1, seed }: { step: number; regime: Regime; gradScale?: number; seed: number },
): Start {
  const random = new Random(seed);
  const { scale } = regime;
  const initial = rule.initialState?.(rule.defaults) ?? {};
  const values = (make: (i: number) => number) => Float32Array.from({ length }, (_, i) => make(i));
  const param = values(() => spread(random) * random.normal());
  const mean = values(() => (step === 0 ? 0 : scale * spread(random) * random.normal()));
  const state = Object.fromEntries(
    rule.stateSlots(rule.defaults).map((slot) => {
      if (step === 0) return [slot, values(() => initial[slot] ?? 0)];
      if (isMean(slot)) return [slot, mean];
      // Of RMSprop's buffer: quotients of about 1. Of SGD's: sums of gradients.
      if (slot === "momentumBuffer") return [slot, values(() => spread(random) * random.normal())];
      const magnitude = (i: number) =>
        Math.abs(mean[i]!) + scale * spread(random) * Math.abs(random.normal());
      if (slot === "expInf") return [slot, values(magnitude)];
      return [slot, values((i) => (isSquare(slot) ? magnitude(i) ** 2 : magnitude(i)))];
    }),
  );
  const grad = values((i) => regime.gradient(random, step === 0 ? 1 : mean[i]!) / gradScale);
  return { param, grad, state, step, memory: memoryAfter(rule, step), gradScale };
}
