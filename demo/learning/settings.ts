// The settings that all demos of learning share. Must not know networks, nor touch the DOM.
import type { RuleOptions, UpdateRule } from "webgpu-optim";
import { learningRate, oneOf, type Setting } from "../shared/settings";
import { severalRules } from "../shared/rules";
import { COMPARED_RULES, type ComparedRule, type Task } from "./advised.mjs";
import { advisedRule } from "./advised-rules";

/** More at once would be hard to tell apart, and slow. */
const MAX_RULES = 4;
/** The authors of AdaBelief train LSTMs by SGD at 30. */
const MAX_RATE = 100;

export type Rates = "advised" | "same";

/**
 * @param rates whether each rule has its own learning rate at first
 * @param lr the one that all have otherwise
 */
export const comparisonSettings = (rates: Rates, lr: number) => ({
  rules: severalRules(["adabelief", "adam"], MAX_RULES, COMPARED_RULES) as Setting<readonly ComparedRule[]>,
  rates: oneOf("Learning rates", rates, [
    { value: "advised", label: "As advised" },
    { value: "same", label: "Same for all" },
  ]),
  lr: learningRate(lr, MAX_RATE, "Learning rate of all"),
});

export type ComparisonSchema = ReturnType<typeof comparisonSettings>;

type Chosen = { rates: Rates; lr: number };

/** A rule as the settings have it. */
export const chosenRule = (task: Task, name: ComparedRule, { rates, lr }: Chosen): UpdateRule<RuleOptions> =>
  rates === "same" ? advisedRule(task, name, lr) : advisedRule(task, name);
