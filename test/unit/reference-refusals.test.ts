// ReferenceOptimizer's refusals: before anything changes, with a message that names what is wrong.
import { describe, expect, it } from "vitest";
import {
  adam,
  adamw,
  OptionError,
  ParameterError,
  UsageError,
  type AdamOptions,
  type UpdateRule,
} from "webgpu-optim";
import { ReferenceOptimizer, type ReferenceArray } from "webgpu-optim/reference";

const tensor = (length: number) => ({
  param: Float64Array.from({ length }, (_, i) => 1 + i),
  grad: Float64Array.from({ length }, (_, i) => 0.5 - i),
});

describe("what is refused at construction", () => {
  const make = (params: unknown, rule: unknown = adam(), options: unknown = {}) => {
    return () => new ReferenceOptimizer(params as [], rule as UpdateRule<AdamOptions>, options as object);
  };
  const [param, grad] = [new Float32Array(2), new Float32Array(2)];

  it.each<[string, unknown, string]>([
    ["no parameters", [], "params is empty; give at least one parameter"],
    ["a group without parameters", [{ params: [] }], "adam: param group 0 has no parameters"],
    ["params that are no array", { param, grad }, "params must be an array, got an object ([object Object])"],
    ["parameters beside groups", [{ params: [{ param, grad }] }, { param, grad }], "params mixes"],
    ["a parameter that is null", [null], "adam: params[0] of param group 0 must be an object"],
    [
      "a plain array",
      [{ name: "w", param: [1, 2], grad }],
      'param of "w" must be a Float32Array or Float64Array, got [1, 2]',
    ],
    ["a missing grad", [{ param }], 'grad of "0.0" must be a Float32Array or Float64Array, got undefined'],
    [
      "another length of the gradient",
      [{ name: "w", param, grad: new Float32Array(3) }],
      'grad of "w" has 3 elements, its param has 2',
    ],
    [
      "the same name twice",
      [
        { name: "w", param, grad },
        { name: "w", param: new Float32Array(1), grad: new Float32Array(1) },
      ],
      'adam: the name "w" of params[1] of param group 0 is taken',
    ],
    [
      "an empty name",
      [{ name: "", param, grad }],
      "adam: the name of params[0] of param group 0 must be a string",
    ],
    [
      "a parameter that overlaps another",
      [
        { name: "w", param, grad },
        { name: "v", param: param.subarray(1), grad: grad.subarray(1) },
      ],
      '"v"',
    ],
    ["a parameter that is its own gradient", [{ name: "w", param, grad: param }], '"w"'],
  ])("%s", (_, params, message) => {
    expect(make(params)).toThrow(ParameterError);
    expect(make(params)).toThrow(message);
  });

  it("gradients that overlap each other are not", () => {
    const shared = Float64Array.of(1);
    const params = [
      { param: Float64Array.of(1), grad: shared },
      { param: Float64Array.of(1), grad: shared },
    ];
    new ReferenceOptimizer(params, adam()).step();
    expect(params[0]!.param).toEqual(params[1]!.param);
  });

  it("an illegal option, naming the group", () => {
    const groups = [
      { params: [{ param, grad }] },
      { params: [{ param: new Float32Array(1), grad: new Float32Array(1) }], betas: [0.9, 1] },
    ];
    expect(make(groups, adamw())).toThrow("adamw: betas[1] must be in [0, 1), got 1 (param group 1)");
    expect(make([{ params: [{ param, grad }], weight_decay: 1 }])).toThrow(
      'adam: unknown option "weight_decay"; did you mean "weightDecay"? (param group 0)',
    );
    expect(make([{ params: [{ param, grad }], frozen: 1 }])).toThrow(
      "adam: frozen must be true or false, got 1 (param group 0)",
    );
  });

  it.each([
    ["clipGradNorm", 0, "in (0, ∞], got 0"],
    ["clipGradNorm", NaN, "in (0, ∞], got NaN"],
    ["clipGradValue", "1", 'a number in (0, ∞], got "1" (string)'],
    ["skipNonFinite", null, "true or false, got null"],
    ["monitor", 0, "true or false, got 0"],
  ])("%s %s", (option, value, text) => {
    const call = make([{ param, grad }], adam(), { [option]: value });
    expect(call).toThrow(OptionError);
    expect(call).toThrow(`ReferenceOptimizer: ${option} must be ${text}`);
  });

  it("an unknown option of the optimizer", () => {
    expect(make([{ param, grad }], adam(), { clipNorm: 1 })).toThrow(
      'ReferenceOptimizer: unknown option "clipNorm"; known: clipGradNorm, clipGradValue, skipNonFinite, monitor, label',
    );
  });
});

describe("what is refused at step()", () => {
  /** Expects step() to throw and nothing to have changed. */
  const expectRefused = (
    change: (
      optimizer: ReferenceOptimizer<AdamOptions>,
      second: { param: ReferenceArray; grad: ReferenceArray },
    ) => void,
    message: string,
    options: object = {},
  ) => {
    const first = tensor(3);
    const second: { param: ReferenceArray; grad: ReferenceArray } = tensor(3);
    const optimizer = new ReferenceOptimizer([{ params: [first] }, { params: [second] }], adam());
    optimizer.step();
    const [state, before] = [optimizer.stateDict().state, first.param.slice()];
    const legal = optimizer.paramGroups.map(({ eps, betas, amsgrad, lr }) => {
      return { eps, betas: [...betas] as [number, number], amsgrad, lr };
    });
    change(optimizer, second);
    expect(() => {
      optimizer.step(options);
    }).toThrow(message);
    expect(first.param).toEqual(before);
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([1, 1]);
    // A state with illegal options is refused too.
    optimizer.paramGroups.forEach((group, index) => Object.assign(group, legal[index]));
    expect(optimizer.stateDict().state).toEqual(state);
  };
  const nothing = () => undefined;

  it("an illegal value assigned to the last group, before the first is stepped", () => {
    expectRefused((optimizer) => {
      optimizer.paramGroups[1]!.eps = -1;
    }, "adam: eps must be in [0, ∞), got -1 (param group 1)");
    expectRefused((optimizer) => {
      optimizer.paramGroups[1]!.betas[0] = 1;
    }, "adam: betas[0] must be in [0, 1), got 1 (param group 1)");
  });

  it("a structural option that changed", () => {
    expectRefused((optimizer) => {
      optimizer.paramGroups[1]!.amsgrad = true;
    }, "adam: amsgrad was false (boolean) when the optimizer was created and cannot change to true (boolean) (param group 1); create a new optimizer");
  });

  it("a gradient assigned anew with another length, or of another type", () => {
    expectRefused((_, second) => {
      second.grad = new Float64Array(4);
    }, 'grad of "1.0" has 4 elements, its param has 3');
    expectRefused((_, second) => {
      second.grad = [1, 2, 3] as never;
    }, 'grad of "1.0" must be a Float32Array or Float64Array, got [1, 2, 3]');
  });

  it("a param assigned anew with another length, whose state would be too short", () => {
    expectRefused((_, second) => {
      second.param = new Float64Array(4);
      second.grad = new Float64Array(4);
    }, 'param of "1.0"');
  });

  it.each([
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    [1e39, "1e+39"],
    ["1", '"1" (string)'],
    [null, "null"],
  ])("gradScale %s", (gradScale, shown) => {
    expectRefused(nothing, `adam: gradScale must be a finite number (float32), got ${shown}`, { gradScale });
  });

  it("an unknown option", () => {
    expectRefused(nothing, 'step(): unknown option "gradscale"; known: gradScale', { gradscale: 1 });
  });

  it("a misspelt option assigned to a group throws at once", () => {
    const group = new ReferenceOptimizer([tensor(1)], adam()).paramGroups[0]!;
    expect(() => {
      (group as Record<string, unknown>).weight_decay = 1;
    }).toThrow(TypeError);
    expect(() => {
      (group as { step: number }).step = 1;
    }).toThrow(TypeError);
  });
});

describe("destroy()", () => {
  const calls = ["step", "zeroGrad", "addParamGroup", "stateDict", "loadStateDict"] as const;
  it.each(calls)("makes %s() throw, saying what to do", (method) => {
    const optimizer = new ReferenceOptimizer([tensor(1)], adam());
    const saved = optimizer.stateDict();
    optimizer.destroy();
    optimizer.destroy();
    const call = () =>
      (optimizer[method] as (argument: unknown) => unknown)(
        method === "loadStateDict" ? saved : method === "addParamGroup" ? { params: [tensor(1)] } : undefined,
      );
    expect(call).toThrow(UsageError);
    expect(call).toThrow(`${method}() was called after destroy(); create a new optimizer`);
  });
});
