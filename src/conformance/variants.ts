// The options under which each rule is proven: every option off its default, alone and with others. A rule or an option
// that is missing here fails the suite.
import { registry } from "../rules/registry.js";
import type { RuleOptions, UpdateRule } from "../rule.js";
import type { AnyOptions } from "./bounds.js";

/** Any rule of the registry. */
export type AnyRule = UpdateRule<AnyOptions>;

const moments = [
  { lr: 0.25 },
  { lr: 0 },
  { betas: [0, 0.999] },
  { betas: [0.5, 0.9] },
  { betas: [0.99, 0.99999] },
  { betas: [0.9, 0] },
  { eps: 0.1 },
  { eps: 1e-30 },
  { weightDecay: 0.1 },
];
const adam = [...moments, { weightDecay: 0 }, { amsgrad: true }, { maximize: true }];
const combined = { maximize: true, weightDecay: 0.3, amsgrad: true, lr: 3e-2 };

/** By rule, the options laid over its defaults. */
export const variants: Record<keyof typeof registry, readonly object[]> = {
  adam: [{}, ...adam, combined],
  adamw: [{}, ...adam, combined],
  adabelief: [
    {},
    ...adam,
    combined,
    { eps: 1e-8 },
    { weightDecay: 0.1, weightDecouple: false },
    { weightDecay: 0.1, fixedDecay: true },
    { rectify: true },
    { rectify: true, weightDecay: 0.1 },
    { rectify: true, degeneratedToSgd: false },
    { rectify: true, betas: [0.9, 0.5] },
    { maxUpdate: 0.5 },
    { maxUpdate: 0.5, rectify: true, maximize: true },
  ],
  sgd: [
    {},
    { lr: 0.25 },
    { weightDecay: 0.1 },
    { maximize: true },
    { momentum: 0.9 },
    { momentum: 0.3, dampening: 0.5 },
    { momentum: 1.1, maximize: true },
    { momentum: 0.9, nesterov: true },
    { momentum: 0.9, nesterov: true, weightDecay: 0.1, maximize: true },
  ],
  adagrad: [
    {},
    { lr: 0.25 },
    { lrDecay: 0.1 },
    { initialAccumulatorValue: 0.5 },
    { eps: 0.1 },
    { weightDecay: 0.1 },
    { maximize: true },
  ],
  rmsprop: [
    {},
    { lr: 0.25 },
    { alpha: 0.5 },
    { alpha: 0 },
    { eps: 0.1 },
    { weightDecay: 0.1 },
    { momentum: 0.9 },
    { centered: true },
    { maximize: true },
    { centered: true, momentum: 0.9, weightDecay: 0.1, maximize: true },
  ],
  nadam: [{}, ...moments, { momentumDecay: 0 }, { momentumDecay: 0.1, weightDecay: 0.1 }],
  radam: [{}, ...moments],
  adamax: [{}, ...moments, { maximize: true, weightDecay: 0.1 }],
  lion: [{}, { lr: 0.25 }, { betas: [0, 0.999] }, { betas: [0.5, 0] }, { weightDecay: 0.1 }],
};

/** Every rule of the registry, with what makes it. */
export const rules = (Object.keys(registry) as (keyof typeof registry)[]).map((name) => ({
  name,
  make: (options: object = {}) => (registry[name] as (options: object) => unknown)(options) as AnyRule,
  variants: variants[name],
}));

/** The options that differ from the defaults, as a title shows them. */
export function describeOptions(options: object): string {
  const entries = Object.entries(options).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  return entries.join(", ") || "defaults";
}

/** A rule of options of its own, seen as any rule. */
export const asAnyRule = <O extends RuleOptions>(rule: UpdateRule<O>) => rule as unknown as AnyRule;
