// A rule at the settings that its authors advise for a task. Must not know networks or pages.
import type { RuleOptions, Schedule, UpdateRule } from "webgpu-optim";
import { RULES } from "../shared/rules";
import { ADVISED, type ComparedRule, type Task } from "./advised.mjs";

/** @param lr in place of the advised learning rate */
export function advisedRule(
  task: Task,
  name: ComparedRule,
  lr: number | Schedule = ADVISED[task][name].settings.lr,
): UpdateRule<RuleOptions> {
  // Each rule has options of its own; the table was written by rule, and the rule checks what it is given.
  const create = RULES[name] as (options: Record<string, unknown>) => UpdateRule<RuleOptions>;
  return create({ ...ADVISED[task][name].settings, lr });
}

/** Falls to a tenth after half and after three quarters of the steps, as the authors of AdaBelief trained theirs. */
export function tenthTwice(lr: number, totalSteps: number): Schedule {
  return (step) => (step < totalSteps / 2 ? lr : step < (3 * totalSteps) / 4 ? lr / 10 : lr / 100);
}
