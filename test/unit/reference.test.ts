// ReferenceOptimizer's own interface: groups, freezing, schedules, gradients, arrays.
import { describe, expect, it } from "vitest";
import { adabelief, adam, adamw, ParameterError } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { Random } from "../support/random";

const random = new Random(11);
const doubles = (length: number) => Float64Array.from({ length }, () => random.normal());
const tensor = (length: number, name?: string) => {
  return { ...(name === undefined ? {} : { name }), param: doubles(length), grad: doubles(length) };
};
const copyOf = ({ param, grad }: { param: Float64Array; grad: Float64Array }) => {
  return { param: param.slice(), grad: grad.slice() };
};

describe("groups", () => {
  it("takes a list of parameters as one group with the rule's options, names them by group and position", () => {
    const optimizer = new ReferenceOptimizer([tensor(2), tensor(3)], adam({ lr: 0.5 }));
    expect(optimizer.paramGroups).toHaveLength(1);
    expect(optimizer.paramGroups[0]).toMatchObject({ ...adam({ lr: 0.5 }).defaults, frozen: false, step: 0 });
    expect(Object.keys(optimizer.stateDict().state)).toEqual(["0.0", "0.1"]);
  });

  it("steps each group by its own options", () => {
    const [first, second] = [tensor(5), tensor(5)];
    const [alone1, alone2] = [copyOf(first), copyOf(second)];
    const optimizer = new ReferenceOptimizer(
      [
        { params: [first], lr: 0.1, weightDecay: 0.3 },
        { params: [second], betas: [0.5, 0.7] },
      ],
      adamw(),
    );
    const references = [
      new ReferenceOptimizer([alone1], adamw({ lr: 0.1, weightDecay: 0.3 })),
      new ReferenceOptimizer([alone2], adamw({ betas: [0.5, 0.7] })),
    ];
    for (let step = 0; step < 5; step++) {
      for (const each of [optimizer, ...references]) each.step();
    }
    expect(first.param).toEqual(alone1.param);
    expect(second.param).toEqual(alone2.param);
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([5, 5]);
  });

  it("takes an option assigned between steps from the next step on", () => {
    const parameter = tensor(3);
    const optimizer = new ReferenceOptimizer([parameter], adamw({ weightDecay: 0 }));
    optimizer.step();
    const before = parameter.param.slice();
    optimizer.paramGroups[0]!.lr = 0;
    optimizer.step();
    expect(parameter.param).toEqual(before);
    Object.assign(optimizer.paramGroups[0]!, { lr: 0.5, weightDecay: 0.25, eps: 1e38 });
    optimizer.step();
    expect(parameter.param).toEqual(before.map((p) => p - 0.125 * p));
  });

  it("leaves parameter, state and step of a frozen group, and takes it up again where it was", () => {
    const [frozen, twin] = [tensor(4), tensor(4)];
    twin.param.set(frozen.param);
    twin.grad.set(frozen.grad);
    const optimizer = new ReferenceOptimizer([{ params: [frozen] }, { params: [twin] }], adabelief());
    const step = () => {
      optimizer.step();
    };
    step();
    const saved = optimizer.stateDict().state["0.0"];
    const before = frozen.param.slice();
    optimizer.paramGroups[0]!.frozen = true;
    step();
    step();
    expect(frozen.param).toEqual(before);
    expect(optimizer.stateDict().state["0.0"]).toEqual(saved);
    expect(optimizer.paramGroups.map((group) => group.step)).toEqual([1, 3]);
    optimizer.paramGroups[0]!.frozen = false;
    optimizer.paramGroups[1]!.frozen = true;
    step();
    step();
    expect(optimizer.paramGroups.map((group) => group.step)).toEqual([3, 3]);
    expect(frozen.param).toEqual(twin.param);
  });

  it("adds a group whose step count starts at 0, as a new optimizer would step it", () => {
    const [first, second] = [tensor(2), tensor(2)];
    const alone = copyOf(second);
    const optimizer = new ReferenceOptimizer([first], adam());
    for (let step = 0; step < 3; step++) optimizer.step();
    optimizer.addParamGroup({ params: [second], lr: 0.5 });
    optimizer.step();
    new ReferenceOptimizer([alone], adam({ lr: 0.5 })).step();
    expect(second.param).toEqual(alone.param);
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([4, 1]);
    expect(Object.keys(optimizer.stateDict().state)).toEqual(["0.0", "1.0"]);
  });

  it("adds nothing when the group is refused", () => {
    const optimizer = new ReferenceOptimizer([tensor(2, "w")], adam());
    expect(() => {
      optimizer.addParamGroup({ params: [tensor(1, "v"), tensor(1, "w")] });
    }).toThrow(ParameterError);
    expect(optimizer.paramGroups).toHaveLength(1);
    expect(Object.keys(optimizer.stateDict().state)).toEqual(["w"]);
  });
});

describe("lr as a schedule", () => {
  it("is called with the completed steps of the group, from 0, once a step", () => {
    const calls: number[] = [];
    const parameter = tensor(1);
    const schedule = (step: number) => {
      calls.push(step);
      return 0.1 / (step + 1);
    };
    const optimizer = new ReferenceOptimizer([parameter], adam({ lr: schedule }));
    const numbers = copyOf(parameter);
    const byHand = new ReferenceOptimizer([numbers], adam());
    for (let step = 0; step < 4; step++) {
      optimizer.step();
      byHand.paramGroups[0]!.lr = 0.1 / (step + 1);
      byHand.step();
    }
    expect(calls).toEqual([0, 1, 2, 3]);
    expect(parameter.param).toEqual(numbers.param);
  });

  it("does not advance while the group is frozen", () => {
    const calls: number[] = [];
    const lr = (step: number) => calls.push(step) * 0;
    const optimizer = new ReferenceOptimizer([{ params: [tensor(1)] }], adam({ lr }));
    optimizer.step();
    optimizer.paramGroups[0]!.frozen = true;
    optimizer.step();
    optimizer.paramGroups[0]!.frozen = false;
    optimizer.step();
    expect(calls).toEqual([0, 1]);
  });

  it.each([
    [-1, "must be in [0, ∞), got -1"],
    [NaN, "must be in [0, ∞), got NaN"],
    [Infinity, "must be in [0, ∞), got Infinity"],
    ["1", 'must be a number in [0, ∞), got "1" (string)'],
    [undefined, "must be a number in [0, ∞), got undefined"],
  ])("that returns %s in group 1 is refused before any group steps", (value, text) => {
    const [first, second] = [tensor(2), tensor(2)];
    const before = first.param.slice();
    const optimizer = new ReferenceOptimizer(
      [{ params: [first] }, { params: [second], lr: () => value as number }],
      adam(),
    );
    expect(() => {
      optimizer.step();
    }).toThrow(`adam: lr (schedule at step 0) ${text} (param group 1)`);
    expect(first.param).toEqual(before);
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([0, 0]);
  });
});

describe("gradients", () => {
  it("gradScale 1/4 on 4 times the gradient is the same step, bit for bit", () => {
    const parameter = tensor(9);
    const scaled = { param: parameter.param.slice(), grad: parameter.grad.map((g) => 4 * g) };
    new ReferenceOptimizer([parameter], adabelief()).step();
    new ReferenceOptimizer([scaled], adabelief()).step({ gradScale: 0.25 });
    expect(scaled.param).toEqual(parameter.param);
  });

  it("are never written by step(), with coupled decay, maximize and gradScale", () => {
    const parameter = tensor(9);
    const before = parameter.grad.slice();
    new ReferenceOptimizer([parameter], adam({ weightDecay: 1, maximize: true })).step({ gradScale: 2 });
    expect(parameter.grad).toEqual(before);
  });

  it("may be assigned anew between steps", () => {
    const [parameter, twin] = [tensor(3), tensor(3)];
    twin.param.set(parameter.param);
    const optimizer = new ReferenceOptimizer([parameter], adam());
    parameter.grad = twin.grad.slice();
    optimizer.step();
    new ReferenceOptimizer([twin], adam()).step();
    expect(parameter.param).toEqual(twin.param);
  });

  it("maximize ascends: the mirror image of descent", () => {
    const parameter = { param: new Float64Array(3), grad: doubles(3) };
    const ascending = copyOf(parameter);
    new ReferenceOptimizer([parameter], adam()).step();
    new ReferenceOptimizer([ascending], adam({ maximize: true })).step();
    expect(ascending.param).toEqual(parameter.param.map((p) => -p));
  });

  it("zeroGrad clears those of every group, frozen ones too, and nothing else", () => {
    const tensors = [tensor(3), tensor(2), tensor(1)];
    const params = tensors.map(({ param }) => param.slice());
    const optimizer = new ReferenceOptimizer(
      [{ params: tensors.slice(0, 2) }, { params: tensors.slice(2), frozen: true }],
      adam(),
    );
    optimizer.zeroGrad();
    expect(tensors.map(({ grad }) => [...grad])).toEqual([[0, 0, 0], [0, 0], [0]]);
    expect(tensors.map(({ param }) => param)).toEqual(params);
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([0, 0]);
  });
});

describe("arrays", () => {
  it("in a Float32Array rounds the parameter at every step, and keeps the state in float64", () => {
    const start = Float32Array.from({ length: 50 }, () => random.normal());
    const grad = Float32Array.from({ length: 50 }, () => random.normal());
    const single = { param: start.slice(), grad };
    const double = { param: Float64Array.from(start), grad: Float64Array.from(grad) };
    const optimizers = [
      new ReferenceOptimizer([single], adam()),
      new ReferenceOptimizer([double], adam()),
    ] as const;
    for (let step = 0; step < 3; step++) {
      for (const optimizer of optimizers) optimizer.step();
      expect(single.param).toEqual(Float32Array.from(double.param));
      // One step apart the two paths differ by the rounding of the step before: start the next from the same values.
      double.param.set(single.param);
      for (const optimizer of optimizers) {
        expect(optimizer.stateDict().state["0.0"]!.expAvg).toBeInstanceOf(Float64Array);
      }
      expect(optimizers[0].stateDict().state).toEqual(optimizers[1].stateDict().state);
    }
  });

  it("of Float64Array keeps moves far below the parameter's float32 spacing", () => {
    const parameter = { param: Float64Array.of(1), grad: Float64Array.of(1) };
    const rounded = { param: Float32Array.of(1), grad: Float32Array.of(1) };
    const optimizer = new ReferenceOptimizer([parameter, rounded], adam({ lr: 1e-12 }));
    for (let step = 0; step < 10; step++) optimizer.step();
    expect(1 - parameter.param[0]!).toBeCloseTo(1e-11, 15);
    expect(rounded.param[0]).toBe(1);
  });

  it("of no element are legal", () => {
    const parameter = tensor(1);
    const alone = copyOf(parameter);
    const empty = { param: new Float64Array(0), grad: new Float64Array(0) };
    const optimizer = new ReferenceOptimizer([empty, parameter, { ...empty }], adam());
    optimizer.step();
    new ReferenceOptimizer([alone], adam()).step();
    expect(parameter.param).toEqual(alone.param);
    expect(optimizer.stateDict().state["0.0"]!.expAvg).toHaveLength(0);
  });
});
