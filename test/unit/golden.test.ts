// The float64 reference against the trajectories of PyTorch and adabelief-pytorch.
//
// Bound: |actual − expected| ≤ 1e-12 · max(|actual|, |expected|) for every element, without an absolute floor. Both
// sides are float64 and differ in the order of a few operations; measured over all runs, params and slots, the worst is
// 2.1e-14, of a first moment that nearly cancels. `adabelief-drift`, whose gradients barely change, needs no
// exception: in float64 the cancellation in g − m costs it nothing in ten steps (1e-15).
import { describe, expect, it } from "vitest";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { goldenRuns, optionsOf, ruleNameOf, toCamelCase, type GoldenRun } from "../support/golden";
import type { AnyRule } from "../../src/conformance/variants";
import { allRules as rules } from "../support/rules";

const BOUND = 1e-12;

type Difference = { step: number; what: string; index: number; actual: number; expected: number };

/** Steps the reference through a run; returns every element that is off by more than the bound, and what was compared. */
function replay(run: GoldenRun, rule: AnyRule): { differences: Difference[]; compared: Set<string> } {
  const parameters = run.initial.map((values, tensor) => ({
    name: `tensor${tensor}`,
    param: Float64Array.from(values),
    grad: new Float64Array(values.length),
  }));
  const optimizer = new ReferenceOptimizer(parameters, rule);
  const differences: Difference[] = [];
  const compared = new Set<string>();
  for (let step = 1; step <= run.steps; step++) {
    parameters.forEach(({ grad }, tensor) => {
      grad.set(run.grads[step - 1]![tensor]!);
    });
    if (run.lrPerStep) optimizer.paramGroups[0]!.lr = run.lrPerStep[step - 1]!;
    optimizer.step();
    const expectation = run.expected[String(step)];
    if (!expectation) continue;
    const { state } = optimizer.stateDict();
    parameters.forEach(({ name, param }, tensor) => {
      const compare = (what: string, actual: Float64Array | undefined, expected: number[]) => {
        compared.add(what);
        expect(actual, `${what} of ${name} after step ${step}`).toHaveLength(expected.length);
        expected.forEach((value, index) => {
          const found = actual![index]!;
          const allowed = BOUND * Math.max(Math.abs(found), Math.abs(value));
          if (!(Math.abs(found - value) <= allowed)) {
            differences.push({ step, what: `${what} of ${name}`, index, actual: found, expected: value });
          }
        });
      };
      compare("param", param, expectation.params[tensor]!);
      for (const [slot, tensors] of Object.entries(expectation.state)) {
        compare(toCamelCase(slot), state[name]![toCamelCase(slot)], tensors[tensor]!);
      }
    });
  }
  return { differences, compared };
}

const describeRun = ({ optimizer, options, lrPerStep, source }: GoldenRun) => {
  const shown = JSON.stringify({ ...options, ...(lrPerStep ? { lr: "per step" } : {}) });
  return `${optimizer}${shown} of ${String(source).replace(", float64", "")}`;
};

describe("the list of golden runs", () => {
  it("has 32 runs, each with expectations after its last step", () => {
    expect(goldenRuns).toHaveLength(32);
    for (const run of goldenRuns) expect(run.expected, run.name).toHaveProperty(String(run.steps));
  });

  it("has a rule in the registry for every reference optimizer", () => {
    const known = new Set<string>(rules.map(({ name }) => name));
    const missing = goldenRuns.filter((run) => !known.has(ruleNameOf(run)));
    expect(missing.map(({ optimizer }) => optimizer)).toEqual([]);
  });
});

// PyTorch has no Lion: test/unit/lion.test.ts derives its cases from the formula.
for (const { name, make } of rules.filter(({ name }) => name !== "lion")) {
  describe(name, () => {
    const runs = goldenRuns.filter((run) => ruleNameOf(run) === name);

    it("has a golden run", () => {
      expect(runs).not.toEqual([]);
    });

    for (const run of runs) {
      it(`follows ${describeRun(run)} to 1e-12, every state slot with it (${run.name})`, () => {
        const rule = make(optionsOf(run));
        const { differences, compared } = replay(run, rule);
        expect(differences).toEqual([]);
        expect(compared).toEqual(new Set(["param", ...rule.stateSlots(rule.defaults)]));
      });
    }
  });
}

describe("the comparison", () => {
  const run = goldenRuns.find(({ name }) => name === "adabelief-rectify-nosgd")!;
  const make = rules.find(({ name }) => name === "adabelief")!.make;

  it.each([
    ["rectify off", { rectify: false }],
    ["degeneratedToSgd on", { degeneratedToSgd: true }],
    ["eps 1e-15", { eps: 1e-15 }],
    ["betas[0] off by 1e-9", { betas: [0.9 + 1e-9, 0.999] }],
    ["lr off by 1e-9", { lr: 0.01 * (1 + 1e-9) }],
  ])("fails with %s", (_, change) => {
    expect(replay(run, make({ ...optionsOf(run), ...change })).differences).not.toEqual([]);
  });
});
