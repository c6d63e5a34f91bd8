// The learning rates that suit each rule, for each tensor of a model. Must not touch the GPU, nor know the page.
import { RULES, type RuleName } from "../shared/rules";
import type { RuleOptions, UpdateRule } from "webgpu-optim";
import { perTensor, type PerTensor } from "./gaussians";

/** What rules whose steps are about lr long take; positions in units of the mean distance between neighbours. */
const UNIT_STEPS: PerTensor<number> = {
  position: 0.09,
  scale: 0.045,
  rotation: 0.045,
  color: 0.03,
  opacity: 0.09,
};

/** How much of that suits a rule: those with longer steps take less. */
const FACTORS: Record<Exclude<RuleName, "sgd">, number> = {
  adabelief: 1,
  adam: 1,
  adamw: 1,
  nadam: 0.4,
  radam: 2,
  adamax: 2.5,
  rmsprop: 0.2,
  adagrad: 5,
  lion: 0.15,
};

/** SGD's steps are as long as its gradients; positions in squared units of that distance. */
const SGD_RATES: PerTensor<number> = { position: 0.3, scale: 0.3, rotation: 0.3, color: 0.5, opacity: 1 };

/** The learning rates of a rule for this many Gaussians. */
export function defaultRates(rule: RuleName, count: number): PerTensor<number> {
  const distance = 1 / Math.sqrt(count);
  return perTensor((name) => {
    const unit = name === "position" ? distance : 1;
    return rule === "sgd" ? SGD_RATES[name] * unit * unit : FACTORS[rule] * UNIT_STEPS[name] * unit;
  });
}

/** The rule with the options of this page: all defaults, but SGD has momentum. */
export const ruleOf = (name: RuleName): UpdateRule<RuleOptions> =>
  name === "sgd" ? RULES.sgd({ momentum: 0.9 }) : RULES[name]();
