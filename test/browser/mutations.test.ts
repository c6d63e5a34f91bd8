// Checks that can fail: each mutation of the shader text must break the one-step bounds.
import { describe, expect } from "vitest";
import { it } from "../support/gpu";
import { measureStep, violations } from "../support/one-step";
import { Random } from "../support/random";
import { asSomeRule, rules, type SomeRule } from "../support/rules";

type Mutation = [what: string, find: string | RegExp, replacement: string, options?: object];

const shared: Mutation[] = [
  ["flips the gradient's sign", "scalars.gradScale * grad", "-scalars.gradScale * grad"],
  ["forgets gradScale", "scalars.gradScale * grad", "grad"],
  ["uses the weight of the second moment for the first", "scalars.oneMinusBeta1", "scalars.dropped"],
  ["uses the weight of the first moment for the second", "scalars.dropped", "scalars.oneMinusBeta1"],
  ["forgets what the second moment retains", /scalars\.retained \* state\.\w+ \+/, ""],
  ["takes the step from the old first moment", "(expAvg / denominator)", "(state.expAvg / denominator)"],
  ["forgets the root", /sqrt\((\w+)\)/, "($1)"],
  ["keeps the old first moment", /State\(expAvg,/, "State(state.expAvg,"],
];
const own: Record<string, Mutation[]> = {
  adam: [
    ["drops eps", "+ scalars.eps", "", { eps: 0.01 }],
    ["forgets the decay", "+ scalars.weightDecay * param", "", { weightDecay: 0.1 }],
    ["moves against the step", "let delta = scalars.stepSize", "let delta = -scalars.stepSize"],
    [
      "forgets the maximum",
      "let maxExpAvgSq = max(state.maxExpAvgSq, expAvgSq)",
      "let maxExpAvgSq = expAvgSq",
      { amsgrad: true },
    ],
  ],
  adamw: [
    ["drops eps", "+ scalars.eps", "", { eps: 0.01 }],
    ["forgets the decay", "scalars.decay * param + ", "", { weightDecay: 0.1 }],
    ["decays the wrong way", "scalars.decay * param", "-scalars.decay * param", { weightDecay: 0.1 }],
    [
      "forgets the maximum",
      "let maxExpAvgSq = max(state.maxExpAvgSq, expAvgSq)",
      "let maxExpAvgSq = expAvgSq",
      { amsgrad: true },
    ],
  ],
  adabelief: [
    ["drops the stored eps", "deviation + scalars.eps", "deviation", { eps: 1e-4 }],
    ["skips the correction of the variance", "* scalars.denominatorScale", ""],
    ["drops the outer eps", "+ scalars.denominatorEps", "", { eps: 1e-2 }],
    ["deviates from zero instead of the mean", "let d = g - state.expAvg", "let d = g"],
    [
      "forgets coupled decay",
      "+ scalars.weightDecay * param",
      "",
      { weightDecay: 0.1, weightDecouple: false },
    ],
    ["forgets decoupled decay", "scalars.decay * param + ", "", { weightDecay: 0.1 }],
    ["forgets maxUpdate", /clamp\((.*), vec4f\(-.*\)\)/, "($1)", { maxUpdate: 0.1 }],
    [
      "forgets the maximum",
      "let maxExpAvgVar = max(state.maxExpAvgVar, expAvgVar)",
      "let maxExpAvgVar = expAvgVar",
      { amsgrad: true },
    ],
  ],
};

const randomStart = (rule: SomeRule) => {
  const random = new Random(3);
  const length = 200;
  const state = Object.fromEntries(
    rule.stateSlots(rule.defaults).map((slot) => {
      const values = random.normals(length);
      return [slot, slot === "expAvg" ? values : values.map((value) => value * value)];
    }),
  );
  return { param: random.normals(length), grad: random.normals(length), state, step: 20, gradScale: 0.5 };
};

for (const { name, make } of rules) {
  describe(name, () => {
    for (const [what, find, replacement, options] of [...shared, ...own[name]!]) {
      it(`is caught when it ${what}`, async ({ gpu }) => {
        const rule = make(options);
        const text = rule.wgsl(rule.defaults);
        const code = text.indexOf("fn update");
        const mutated = text.slice(0, code) + text.slice(code).replace(find, replacement);
        expect(mutated, "the mutation must change the text").not.toBe(text);
        const start = randomStart(rule);
        expect(violations(await measureStep(gpu, rule, start)), "unchanged").toEqual([]);
        const report = await measureStep(gpu, asSomeRule({ ...rule, wgsl: () => mutated }), start);
        expect(violations(report), "mutated").not.toEqual([]);
      });
    }
  });
}
