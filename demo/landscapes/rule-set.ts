// The rules as they run here: momentum for SGD, and a learning rate that may fall to 0. Must not know landscapes.
import { cosineSchedule, type RuleOptions, type Schedule, sgd, type UpdateRule } from "webgpu-optim";
import { RULES, type RuleName } from "../shared/rules";

/** SGD without momentum would be the odd one out among rules that all average gradients. */
const SGD_MOMENTUM = 0.9;

export function raceRule(name: RuleName, lr: number | Schedule): UpdateRule<RuleOptions> {
  return name === "sgd" ? sgd({ lr, momentum: SGD_MOMENTUM }) : RULES[name]({ lr });
}

/** A learning rate that stays, or falls to 0 along half a cosine. */
export const rateOver = (lr: number, stepCount: number, falls: boolean): number | Schedule =>
  falls ? cosineSchedule({ init: lr, steps: stepCount }) : lr;
