// The exported check of rules: silent for every rule that ships and for the example, and plain about what is wrong.
import { describe, expect, it } from "vitest";
import { adam, sgd, type UpdateRule } from "webgpu-optim";
import { checkRule } from "webgpu-optim/check";
import { adan } from "../../demo/rules/adan";
import { describeOptions } from "../../src/conformance/variants";
import { allRules } from "../support/rules";

for (const { name, make, variants } of allRules) {
  describe(name, () => {
    it.each(variants.map((options) => [describeOptions(options), options] as const))(
      "agrees with %s",
      (_, options) => {
        expect(checkRule(make(options))).toEqual([]);
      },
    );
  });
}

describe("adan, a rule written outside the package", () => {
  it.each([
    {},
    { weightDecay: 0.1 },
    { weightDecay: 0.1, noProx: true },
    { betas: [0.5, 0, 0.9] as [number, number, number] },
  ])("agrees with %j", (options) => {
    expect(checkRule(adan(options))).toEqual([]);
  });

  it("refuses bad options as the rules of the package do", () => {
    expect(() => adan({ betas: [0.98, 0.92, 1] })).toThrow("adan: betas[2] must be in [0, 1), got 1");
    expect(() => adan({ betas: [0.98, 0.92] as never })).toThrow(
      "adan: betas must be three numbers in [0, 1), got [0.98, 0.92]",
    );
    expect(() => adan({ beta: 1 } as never)).toThrow('adan: unknown option "beta"; did you mean "betas"?');
  });
});

describe("a disagreement", () => {
  const rule = adam();
  const wgsl = rule.wgsl(rule.defaults);
  const changed = (change: Partial<UpdateRule<typeof rule.defaults>>) => checkRule({ ...rule, ...change });
  const text = (find: string, replacement: string) =>
    changed({ wgsl: () => wgsl.replace(find, replacement) });

  it("in the order of scalars is told with both orders", () => {
    expect(changed({ scalars: [...rule.scalars].reverse() })[0]).toMatch(
      /^adam: struct Scalars: the WGSL has \[gradScale: f32, .*\], the TypeScript \[meanStepSize: f32, /,
    );
  });

  it("in the effective step is told: its signature and its formula", () => {
    expect(text("fn effectiveStep(", "fn effective(")).toEqual([
      "adam: effectiveStep: the WGSL has [no effectiveStep], the TypeScript " +
        "[effectiveStep(state: State, scalars: Scalars) -> EffectiveStep]",
    ]);
    expect(text("scalars.meanStepSize / ", "scalars.stepSize / ")[0]).toContain(
      "adam: the stepSize of effectiveStep at step 1, element 0",
    );
  });

  it("in a name or a type is told", () => {
    expect(text("oneMinusBeta1: f32", "weightOfMean: f32")[0]).toContain("weightOfMean: f32");
    expect(text("expAvgSq: vec4f,", "expAvgSq: vec3f,")[0]).toContain(
      "struct State: the WGSL has [expAvg: vec4f, expAvgSq: vec3f]",
    );
  });

  it("in the slots is told", () => {
    expect(changed({ stateSlots: () => ["expAvgSq", "expAvg"] })).toEqual([
      "adam: struct State: the WGSL has [expAvg: vec4f, expAvgSq: vec4f], the TypeScript [expAvgSq: vec4f, expAvg: vec4f]",
    ]);
    expect(changed({ stateSlots: () => [] }).join("\n")).toContain(
      "update(param: vec4f, grad: vec4f, scalars: Scalars) -> vec4f",
    );
  });

  it("in the signature of update is told", () => {
    expect(text("fn update(param", "fn upgrade(param")[0]).toContain("update: the WGSL has [no update]");
  });

  it("in what hostScalars returns is told", () => {
    const hostScalars = () => ({
      ...rule.hostScalars(rule.defaults, { lr: 1, step: 1, gradScale: 1, memory: {} }),
      more: 1,
    });
    expect(changed({ hostScalars })[0]).toMatch(/^adam: hostScalars returns \[.*more.*\], scalars names/);
  });

  it("in a binding of its own is told", () => {
    const binding = "@group(0) @binding(9) var<storage, read> mine: array<f32>;";
    expect(changed({ wgsl: () => `${wgsl}\n${binding}` })[0]).toContain(
      "bindings: the WGSL has [grads, mine, ",
    );
  });

  it("in the formula is told, with step, element and both values", () => {
    expect(text("let delta = ", "let delta = -1.0 * ")[0]).toMatch(
      /^adam: what update subtracts at step 1, element 0: the WGSL has -?[\d.e-]+, the reference -?[\d.e-]+$/,
    );
    expect(text("State(expAvg, expAvgSq)", "State(expAvg, state.expAvgSq)")[0]).toContain(
      "expAvgSq after update at step 1",
    );
  });

  it("of text that is no WGSL is told", () => {
    expect(changed({ wgsl: () => "fn update(" })[0]).toMatch(/^adam: the WGSL cannot be read: /);
  });

  it("of a rule without state is told", () => {
    const plain = sgd();
    const broken = {
      ...plain,
      wgsl: () => plain.wgsl(plain.defaults).replace("scalars.stepGrad * g", "scalars.stepBuffer * grad"),
    };
    expect(checkRule(plain)).toEqual([]);
    expect(checkRule(broken)[0]).toContain("sgd: what update subtracts at step 1");
  });
});
