// ReferenceOptimizer's stateDict() and loadStateDict().
import { describe, expect, it } from "vitest";
import {
  adabelief,
  adam,
  adamw,
  StateDictError,
  type AnyStateDict,
  type RuleOptions,
  type StateDict,
  type UpdateRule,
} from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { Random } from "../support/random";
import { rules } from "../support/rules";

type Mutable = { name: string; param: Float64Array; grad: Float64Array };

const lengths: Record<string, number> = { w: 5, b: 2, empty: 0 };
const gradients = Array.from({ length: 12 }, (_, step) => {
  const random = new Random(step + 1);
  return Object.fromEntries(
    Object.entries(lengths).map(([name, length]) => [
      name,
      Float64Array.from({ length }, () => random.normal()),
    ]),
  );
});

const parameter = (name: string): Mutable => ({
  name,
  param: new Float64Array(lengths[name]!).fill(1),
  grad: new Float64Array(lengths[name]!),
});
const parametersOf = (names: readonly string[]) => names.map(parameter);

function train<O extends RuleOptions>(
  optimizer: ReferenceOptimizer<O>,
  parameters: Mutable[],
  from: number,
  to: number,
) {
  for (let step = from; step < to; step++) {
    for (const { name, grad } of parameters) grad.set(gradients[step]![name]!);
    optimizer.step();
  }
}

const valuesOf = (parameters: Mutable[]) =>
  Object.fromEntries(parameters.map(({ name, param }) => [name, param]));

describe("stateDict()", () => {
  it("is plain data: format, version, rule, groups with options, step and names, slots by name", () => {
    const [w, b] = [parameter("w"), parameter("b")];
    const groups = [{ params: [w], lr: 0.5 }, { params: [b] }];
    const optimizer = new ReferenceOptimizer(groups, adam({ amsgrad: true }));
    train(optimizer, [w, b], 0, 2);
    const saved = optimizer.stateDict();
    const options = { ...adam({ amsgrad: true }).defaults };
    expect({ ...saved, state: undefined }).toEqual({
      format: "webgpu-optim",
      version: 1,
      rule: "adam",
      groups: [
        { options: { ...options, lr: 0.5 }, step: 2, params: ["w"] },
        { options, step: 2, params: ["b"] },
      ],
      state: undefined,
    });
    expect(Object.keys(saved.state)).toEqual(["w", "b"]);
    expect(Object.keys(saved.state.w!)).toEqual(["expAvg", "expAvgSq", "maxExpAvgSq"]);
    expect(structuredClone(saved)).toEqual(saved);
    expect(saved.groups[0]!.options.betas).not.toBe(optimizer.paramGroups[0]!.betas);
  });

  it("is a snapshot: later steps do not change it", () => {
    const parameters = parametersOf(["w"]);
    const optimizer = new ReferenceOptimizer(parameters, adam());
    train(optimizer, parameters, 0, 1);
    const saved = optimizer.stateDict();
    const copy = structuredClone(saved);
    train(optimizer, parameters, 1, 3);
    optimizer.paramGroups[0]!.betas[0] = 0;
    expect(saved).toEqual(copy);
  });

  it("saves a schedule as the learning rate of the step that comes next", () => {
    const parameters = parametersOf(["w"]);
    const optimizer = new ReferenceOptimizer(parameters, adam({ lr: (step) => 1 / (1 + step) }));
    expect(optimizer.stateDict().groups[0]!.options.lr).toBe(1);
    train(optimizer, parameters, 0, 3);
    expect(optimizer.stateDict().groups[0]!.options.lr).toBe(0.25);
  });
});

for (const { name, make } of rules) {
  describe(`${name}: loadStateDict()`, () => {
    for (const [title, options] of [
      ["defaults", {}],
      ["amsgrad and weightDecay 0.1", { amsgrad: true, weightDecay: 0.1 }],
    ] as const) {
      it(`goes on in mid-run bit for bit, through structuredClone, with ${title}`, () => {
        const straight = parametersOf(["w", "b", "empty"]);
        train(new ReferenceOptimizer(straight, make(options)), straight, 0, 12);

        const before = parametersOf(["w", "b", "empty"]);
        const first = new ReferenceOptimizer(before, make(options));
        train(first, before, 0, 5);
        const saved = structuredClone(first.stateDict());
        const after = parametersOf(["empty", "b", "w"]);
        for (const { name: key, param } of after) param.set(valuesOf(before)[key]!);
        const second = new ReferenceOptimizer(after, make(options));
        second.loadStateDict(saved);
        expect(second.paramGroups[0]!.step).toBe(5);
        train(second, after, 5, 12);
        expect(valuesOf(after)).toEqual(valuesOf(straight));
      });
    }
  });
}

describe("loadStateDict()", () => {
  const make = (groups: string[][], rule: UpdateRule<never> | object = adam({ lr: 0.1 })) => {
    const parameters = groups.map(parametersOf);
    const inputs = parameters.map((params) => ({ params }));
    const optimizer = new ReferenceOptimizer<RuleOptions>(inputs, rule as UpdateRule<RuleOptions>);
    return { optimizer, parameters: parameters.flat() };
  };
  const trained = (groups: string[][], rule?: object): StateDict<Float64Array> => {
    const { optimizer, parameters } = make(groups, rule);
    train(optimizer, parameters, 0, 3);
    return optimizer.stateDict();
  };

  it("matches groups by their set of names, whatever the order of groups and parameters", () => {
    const saved = trained([["w", "empty"], ["b"]]);
    saved.groups[0]!.options.lr = 0.25;
    saved.groups[1]!.options.lr = 0.75;
    saved.groups[1]!.step = 7;
    const { optimizer } = make([["b"], ["empty", "w"]]);
    optimizer.loadStateDict(saved);
    expect(optimizer.paramGroups.map(({ lr, step }) => ({ lr, step }))).toEqual([
      { lr: 0.75, step: 7 },
      { lr: 0.25, step: 3 },
    ]);
    expect(optimizer.stateDict().state).toEqual(saved.state);
  });

  it("takes Float32Array, and copies: neither side sees the other's later changes", () => {
    const saved = trained([["w"]]);
    const single: AnyStateDict = {
      ...saved,
      state: {
        w: {
          expAvg: Float32Array.from(saved.state.w!.expAvg!),
          expAvgSq: Float32Array.from(saved.state.w!.expAvgSq!),
        },
      },
    };
    const { optimizer, parameters } = make([["w"]]);
    optimizer.loadStateDict(single);
    const copy = structuredClone(single);
    expect(optimizer.stateDict().state.w!.expAvg).toEqual(Float64Array.from(single.state.w!.expAvg!));
    train(optimizer, parameters, 3, 5);
    expect(single).toEqual(copy);
    single.state.w!.expAvg!.fill(9);
    expect(optimizer.stateDict().state.w!.expAvg).not.toContain(9);
  });

  it("restores options, betas copied, and keeps the loader's own schedule", () => {
    const saved = trained([["w"]]);
    saved.groups[0]!.options = { ...saved.groups[0]!.options, betas: [0.5, 0.6], eps: 1e-3 };
    const schedule = () => 0.125;
    const optimizer = new ReferenceOptimizer(parametersOf(["w"]), adam({ lr: schedule }));
    optimizer.loadStateDict(saved);
    const group = optimizer.paramGroups[0]!;
    expect(group).toMatchObject({ betas: [0.5, 0.6], eps: 1e-3, step: 3 });
    expect(group.lr).toBe(schedule);
    (saved.groups[0]!.options.betas as number[])[0] = 0.9;
    expect(group.betas).toEqual([0.5, 0.6]);
  });

  /** Copies of a good state with one thing changed. */
  const broken: [string, (saved: StateDict<Float64Array>) => unknown, string][] = [
    ["null", () => null, "it must be an object, got null"],
    [
      "another format",
      (saved) => ({ ...saved, format: "optim" }),
      'format must be "webgpu-optim", got "optim" (string)',
    ],
    ["another version", (saved) => ({ ...saved, version: 2 }), "version must be 1, got 2"],
    [
      "another rule",
      (saved) => ({ ...saved, rule: "adamw" }),
      'it was saved by the rule "adamw" (string), the optimizer runs "adam"',
    ],
    [
      "one group less",
      (saved) => ({ ...saved, groups: saved.groups.slice(1) }),
      "it has 1 param groups, the optimizer has 2",
    ],
    [
      "state of a parameter the optimizer lacks",
      (saved) => ({ ...saved, state: { ...saved.state, v: {} } }),
      'it holds state of "v", which the optimizer does not have',
    ],
    [
      "no state of a parameter",
      ({ state: { w }, ...saved }) => ({ ...saved, state: { w } }),
      '"b" needs the slots "expAvg", "expAvgSq", the state has none',
    ],
    [
      "other names in a group",
      (saved) => ({
        ...saved,
        groups: [saved.groups[0]!, { ...saved.groups[1]!, params: ["c"] }],
      }),
      'no saved group has the parameters of param group 1: the state lacks "b"; the optimizer lacks "c"',
    ],
    [
      "a slot missing",
      (saved) => ({ ...saved, state: { ...saved.state, b: { expAvg: saved.state.b!.expAvg } } }),
      '"b" needs the slots "expAvg", "expAvgSq", the state has "expAvg"',
    ],
    [
      "a slot too many",
      (saved) => ({
        ...saved,
        state: { ...saved.state, b: { ...saved.state.b, maxExpAvgSq: new Float64Array(2) } },
      }),
      '"b" needs the slots "expAvg", "expAvgSq", the state has "expAvg", "expAvgSq", "maxExpAvgSq"',
    ],
    [
      "a slot of another length",
      (saved) => ({
        ...saved,
        state: { ...saved.state, b: { ...saved.state.b, expAvgSq: new Float64Array(3) } },
      }),
      'expAvgSq of "b" has 3 elements, the parameter has 2',
    ],
    [
      "a slot that is a plain array",
      (saved) => ({ ...saved, state: { ...saved.state, b: { ...saved.state.b, expAvgSq: [1, 2] } } }),
      'expAvgSq of "b" must be a Float32Array or Float64Array, got [1, 2]',
    ],
    [
      "a step that is no count",
      (saved) => ({ ...saved, groups: [saved.groups[0], { ...saved.groups[1], step: 1.5 }] }),
      "groups[1].step must be an integer of at least 0, got 1.5",
    ],
    [
      "an illegal option",
      (saved) => ({
        ...saved,
        groups: [saved.groups[0], { ...saved.groups[1], options: { eps: -1 } }],
      }),
      "adam: eps must be in [0, ∞), got -1 (param group 1)",
    ],
    [
      "an unknown option",
      (saved) => ({
        ...saved,
        groups: [saved.groups[0], { ...saved.groups[1], options: { momentum: 1 } }],
      }),
      'adam: unknown option "momentum"; known: lr, betas, eps, weightDecay, amsgrad, maximize (param group 1)',
    ],
    [
      "another structural option",
      (saved) => ({
        ...saved,
        groups: [saved.groups[0], { ...saved.groups[1], options: { amsgrad: true } }],
      }),
      "amsgrad is true (boolean) in the state and false (boolean) in param group 1",
    ],
  ];

  it.each(broken)("refuses %s, naming it, and changes nothing", (_, change, reason) => {
    const saved = trained([["w"], ["b"]]);
    saved.groups[0]!.step = 99;
    saved.groups[0]!.options.lr = 0.875;
    const { optimizer, parameters } = make([["w"], ["b"]]);
    train(optimizer, parameters, 0, 1);
    const before = optimizer.stateDict();
    const load = () => {
      optimizer.loadStateDict(change(saved) as AnyStateDict);
    };
    expect(load).toThrow(StateDictError);
    expect(load).toThrow(`loadStateDict: the state does not fit: ${reason}. Nothing was changed`);
    expect(optimizer.stateDict()).toEqual(before);
  });

  it("refuses a combination of options that the rule refuses", () => {
    const saved = trained([["w"]], adabelief());
    saved.groups[0]!.options.fixedDecay = true;
    saved.groups[0]!.options.weightDecouple = false;
    const { optimizer } = make([["w"]], adabelief());
    expect(() => {
      optimizer.loadStateDict(saved);
    }).toThrow("adabelief: fixedDecay cannot be true with weightDecouple false");
  });

  it("refuses the state of adam in adamw, whose slots are the same", () => {
    const { optimizer } = make([["w"]], adamw());
    expect(() => {
      optimizer.loadStateDict(trained([["w"]]));
    }).toThrow('saved by the rule "adam" (string), the optimizer runs "adamw"');
  });
});
