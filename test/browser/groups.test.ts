// Param groups: options of their own, changed between steps; schedules; frozen groups; groups added later.
import { describe, expect } from "vitest";
import { Optimizer, ParameterError, adam, type Parameter, type Schedule } from "webgpu-optim";
import { it } from "../support/gpu";
import { distance, makeModel, makeReference, type Layout, type Name } from "../support/model";
import { watchBuffers, watchCalls } from "../support/refusals";
import { describeOptions, rules } from "../support/rules";
import type { AnyOptions } from "../support/stepped";

/**
 * How far a few steps may be from float64: each rounds parameters of up to 4 by an ulp (2.4e-7 below 4) and moves them
 * right to 2e-6 of lr times at most 10. An option that is not followed moves them by a thousandth of lr and more.
 */
const bound = (steps: number, lr: number) => steps * (2.4e-7 + 2e-5 * lr);

const optionsOf = (optimizer: { paramGroups: object[] }, group: number) =>
  optimizer.paramGroups[group] as AnyOptions;

const two: Layout = [{ names: ["w1", "b2"] }, { names: ["w2", "none", "b1"] }];

/** Options to be changed in mid-run, beside those that make the change matter. */
const changes: Record<string, [change: AnyOptions, beside?: object][]> = {
  adam: [
    [{ lr: 0.03 }],
    [{ lr: (step: number) => 0.01 * step }],
    [{ betas: [0.5, 0.9] }],
    [{ eps: 0.1 }],
    [{ weightDecay: 0.3 }],
    [{ maximize: true }],
  ],
};
changes.adamw = changes.adam!;
changes.adabelief = [
  ...changes.adam!,
  [{ weightDecouple: false }, { weightDecay: 0.3 }],
  [{ fixedDecay: true }, { weightDecay: 0.3 }],
  [{ rectify: true }],
  [{ degeneratedToSgd: false }, { rectify: true }],
  [{ maxUpdate: 0.5 }],
];

for (const { name, make } of rules) {
  describe(name, () => {
    const layout: Layout = [
      { names: ["w1"], lr: 0.02, weightDecay: 0.3 },
      { names: ["b1", "w2"], betas: [0.5, 0.9], eps: 0.1, maximize: true },
      { names: ["b2", "none"], amsgrad: true, lr: (step: number) => 0.03 / (step + 1) },
    ];
    for (const memory of ["separate buffers", "an arena"] as const) {
      it(`steps three groups with options of their own in ${memory} as the reference does`, async ({
        gpu,
      }) => {
        const rule = make({ lr: 0.01 });
        const model = await makeModel(gpu, rule, layout, memory);
        const reference = makeReference(rule, layout);
        model.train(1, 6);
        reference.train(1, 6);
        expect(distance(await model.values(), reference.values)).toBeLessThanOrEqual(bound(6, 0.03));
        const [saved, expected] = [await model.optimizer.stateDict(), reference.optimizer.stateDict()];
        expect(saved.groups).toEqual(expected.groups);
        for (const parameter of Object.keys(expected.state)) {
          // Moments of gradients of up to 4: six steps, each right to 4 ulp of at most 16.
          const error = distance(saved.state[parameter]!, expected.state[parameter]!);
          expect(error, parameter).toBeLessThanOrEqual(6 * 4 * 2 ** -20);
        }
        model.optimizer.destroy();
      });
    }

    for (const [change, beside = {}] of changes[name]!) {
      const rule = make({ lr: 0.01, ...beside });
      const shown = Object.entries(change).map(
        ([key, value]) => `${key} ${typeof value === "function" ? "(a schedule)" : JSON.stringify(value)}`,
      );
      it(`follows ${shown.join()} assigned to the second group, with ${describeOptions(rule)}`, async ({
        gpu,
      }) => {
        const model = await makeModel(gpu, rule, two);
        const [reference, unchanged] = [makeReference(rule, two), makeReference(rule, two)];
        for (const { train } of [model, reference, unchanged]) train(1, 2);
        Object.assign(optionsOf(model.optimizer, 1), change);
        Object.assign(optionsOf(reference.optimizer, 1), change);
        for (const { train } of [model, reference, unchanged]) train(3, 5);
        expect(distance(await model.values(), reference.values)).toBeLessThanOrEqual(bound(5, 0.04));
        expect(distance(unchanged.values, reference.values), "the change shows").toBeGreaterThan(1e-3);
        model.optimizer.destroy();
      });
    }
  });
}

const rule = rules[0]!.make({ lr: 0.01 });

describe("options", () => {
  it("changed between steps make no pipeline, module, bind group or buffer", async ({ gpu }) => {
    const { optimizer, train } = await makeModel(gpu, rule, two);
    train(1, 1);
    const calls = watchCalls(gpu.device);
    const changed = { lr: 0.5, betas: [0.1, 0.2], eps: 0.1, weightDecay: 0.2, maximize: true };
    for (const [option, value] of Object.entries(changed)) {
      optionsOf(optimizer, 0)[option] = value;
      optimizer.step();
    }
    expect(calls.stop().sort()).toEqual(["createCommandEncoder", "submit", "writeBuffer"]);
    optimizer.destroy();
  });

  it("of a group hold a copy of betas: neither the caller's array, nor the rule's, nor another group's", async ({
    gpu,
  }) => {
    const [mine, ruleBetas] = [
      [0.5, 0.75],
      [0.25, 0.5],
    ];
    const own = rules[0]!.make({ betas: ruleBetas });
    const groups: Layout = [{ names: ["w1"], betas: mine }, { names: ["b1"] }, { names: ["b2"] }];
    const { optimizer } = await makeModel(gpu, own, groups);
    const betas = () => [0, 1, 2].map((group) => optionsOf(optimizer, group).betas);
    mine[0] = 0.99;
    ruleBetas[0] = 0.99;
    expect(betas()).toEqual([
      [0.5, 0.75],
      [0.25, 0.5],
      [0.25, 0.5],
    ]);
    (optionsOf(optimizer, 1).betas as number[])[1] = 0.875;
    expect(betas()).toEqual([
      [0.5, 0.75],
      [0.25, 0.875],
      [0.25, 0.5],
    ]);
    expect(own.defaults.betas).toEqual([0.25, 0.5]);
    optimizer.destroy();
  });

  it("follow betas changed in place", async ({ gpu }) => {
    const model = await makeModel(gpu, rule, two);
    const reference = makeReference(rule, two);
    for (const { optimizer } of [model, reference]) (optionsOf(optimizer, 1).betas as number[])[0] = 0.2;
    for (const { train } of [model, reference]) train(1, 3);
    expect(distance(await model.values(), reference.values)).toBeLessThanOrEqual(bound(3, 0.01));
    model.optimizer.destroy();
  });

  it("are the rule's where a group leaves them out or gives undefined", async ({ gpu }) => {
    const layout: Layout = [
      { names: ["w1"] },
      { names: ["b1"], lr: undefined, betas: undefined, frozen: undefined },
    ];
    const { optimizer } = await makeModel(gpu, rules[0]!.make({ lr: 0.5, betas: [0.1, 0.2] }), layout);
    for (const group of [0, 1]) {
      expect(optionsOf(optimizer, group)).toMatchObject({
        lr: 0.5,
        betas: [0.1, 0.2],
        frozen: false,
        step: 0,
      });
    }
    optimizer.destroy();
  });

  it.for([undefined, "mine"])(
    "label %s is part of the labels of what is made on the device",
    async (label, { gpu }) => {
      const params = [{ param: gpu.buffer(1), grad: gpu.buffer(1) }];
      const buffers = watchBuffers(gpu.device);
      const optimizer = await Optimizer.create(gpu.device, params, adam(), label ? { label } : {});
      const prefix = label ? "webgpu-optim/adam/mine" : "webgpu-optim/adam";
      const labels = buffers.created.map((buffer) => buffer.label).sort();
      const expected = ["probe", "scalars", "segments", "state"];
      expect(labels).toEqual(expected.map((buffer) => `${prefix}/${buffer}`));
      optimizer.destroy();
    },
  );

  it("ask a schedule once a step, with the completed steps of its group from 0", async ({ gpu }) => {
    const asked: [number[], number[]] = [[], []];
    const schedule =
      (group: 0 | 1): Schedule =>
      (step) => {
        asked[group].push(step);
        return 0.1;
      };
    const layout: Layout = [
      { names: ["w1"], lr: schedule(0) },
      { names: ["b1"], lr: schedule(1), frozen: true },
    ];
    const { optimizer } = await makeModel(gpu, rule, layout);
    expect(asked).toEqual([[], []]);
    optimizer.step();
    optimizer.step();
    optimizer.paramGroups[1]!.frozen = false;
    optimizer.step();
    expect(asked).toEqual([[0, 1, 2], [0]]);
    optimizer.destroy();
  });
});

describe("a group", () => {
  it("counts its steps, and its list of parameters is fixed", async ({ gpu }) => {
    const { optimizer } = await makeModel(gpu, rule, two);
    const group = optimizer.paramGroups[0]!;
    const steps = [group.step];
    for (let i = 0; i < 3; i++) {
      optimizer.step();
      steps.push(group.step);
    }
    expect(steps).toEqual([0, 1, 2, 3]);
    expect(() => ((group as { step: number }).step = 7)).toThrow(TypeError);
    expect(() => group.params.push(group.params[0]!)).toThrow(TypeError);
    expect(() => (group.params[0] = group.params[1]!)).toThrow(TypeError);
    expect(group.params.map(({ name }) => name)).toEqual(["w1", "b2"]);
    optimizer.destroy();
  });

  it("refuses another list of parameters, which would be ignored", async ({ gpu }) => {
    const { optimizer } = await makeModel(gpu, rule, two);
    const group = optimizer.paramGroups[0]!;
    expect(() => (group.params = [])).toThrow(TypeError);
    optimizer.destroy();
  });

  it("holds the caller's own parameter objects", async ({ gpu }) => {
    const parameter: Parameter = { param: gpu.buffer(1), grad: gpu.buffer(1) };
    const optimizer = await Optimizer.create(gpu.device, [parameter], adam());
    expect(optimizer.paramGroups[0]!.params[0]).toBe(parameter);
    optimizer.destroy();
  });

  it("that is frozen keeps parameters, states and step count, and goes on with its own count", async ({
    gpu,
  }) => {
    const model = await makeModel(gpu, rule, two);
    const { optimizer, train, values } = model;
    const reference = makeReference(rule, two);
    for (const { train } of [model, reference]) train(1, 2);
    const [before, saved] = [await values(), await optimizer.stateDict()];
    optimizer.paramGroups[1]!.frozen = true;
    reference.optimizer.paramGroups[1]!.frozen = true;
    train(3, 5);
    reference.train(3, 5);
    const [after, now] = [await values(), await optimizer.stateDict()];
    for (const name of two[1]!.names) {
      expect(after[name]).toEqual(before[name]);
      expect(now.state[name]).toEqual(saved.state[name]);
    }
    expect(after.w1).not.toEqual(before.w1);
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([5, 2]);

    optimizer.paramGroups[1]!.frozen = false;
    reference.optimizer.paramGroups[1]!.frozen = false;
    train(6, 7);
    reference.train(6, 7);
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([7, 4]);
    expect(distance(await values(), reference.values)).toBeLessThanOrEqual(bound(7, 0.01));
    optimizer.destroy();
  });

  it("may be frozen from the start, and all of them at once, in the three forms of step()", async ({
    gpu,
  }) => {
    const layout = two.map((group) => ({ ...group, frozen: true }));
    const { optimizer, values, differentiate } = await makeModel(gpu, rule, layout);
    differentiate(1);
    const before = await values();
    optimizer.step();
    const encoder = gpu.device.createCommandEncoder();
    optimizer.step({ encoder });
    const pass = encoder.beginComputePass();
    optimizer.step({ pass });
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
    expect(await values()).toEqual(before);
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([0, 0]);
    optimizer.destroy();
  });
});

describe("addParamGroup()", () => {
  const [first, second] = [{ names: ["w1", "b2"] as Name[] }, { names: ["w2", "b1"] as Name[], lr: 0.02 }];
  const inputOf = ({ bindings }: Awaited<ReturnType<typeof makeModel>>) => ({
    params: second.names.map((name) => ({ name, ...bindings[name] })),
    lr: 0.02,
  });

  it("adds a group whose count starts at 0 and that steps as if it were alone, bit for bit", async ({
    gpu,
  }) => {
    const [model, late, alone] = [
      await makeModel(gpu, rule, [first]),
      await makeModel(gpu, rule, [second]),
      await makeModel(gpu, rule, [second]),
    ];
    model.train(1, 3);
    await model.optimizer.addParamGroup(inputOf(late));
    expect(model.optimizer.paramGroups.map(({ step }) => step)).toEqual([3, 0]);
    for (const step of [4, 5]) {
      late.differentiate(step);
      model.train(step, step);
    }
    alone.train(4, 5);
    expect(await late.values()).toEqual(await alone.values());
    expect(model.optimizer.paramGroups.map(({ step }) => step)).toEqual([5, 2]);
    const [{ state }, expected] = [await model.optimizer.stateDict(), await alone.optimizer.stateDict()];
    for (const name of second.names) expect(state[name]).toEqual(expected.state[name]);
    for (const { optimizer } of [model, late, alone]) optimizer.destroy();
  });

  it("may be called twice at once: both groups are added in the order of the calls", async ({ gpu }) => {
    const { optimizer } = await makeModel(gpu, rule, [first]);
    const add = (lr: number) =>
      optimizer.addParamGroup({ params: [{ param: gpu.buffer(2), grad: gpu.buffer(2) }], lr });
    await Promise.all([add(0.1), add(0.2), add(0.3)]);
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.01, 0.1, 0.2, 0.3]);
    optimizer.step();
    const { groups } = await optimizer.stateDict();
    expect(groups.slice(1).map(({ params }) => params)).toEqual([["1.0"], ["2.0"], ["3.0"]]);
    optimizer.destroy();
  });

  it("of the same parameters twice at once adds one and rejects the other", async ({ gpu }) => {
    const { optimizer } = await makeModel(gpu, rule, [first]);
    const group = { params: [{ name: "late", param: gpu.buffer(2), grad: gpu.buffer(2) }] };
    const results = await Promise.allSettled([
      optimizer.addParamGroup(group),
      optimizer.addParamGroup(group),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect((results[1] as PromiseRejectedResult).reason).toBeInstanceOf(ParameterError);
    expect(optimizer.paramGroups).toHaveLength(2);
    optimizer.step();
    optimizer.destroy();
  });

  it("lets steps go on meanwhile, of the groups that are there", async ({ gpu }) => {
    const { optimizer, train } = await makeModel(gpu, rule, [first]);
    const adding = optimizer.addParamGroup({ params: [{ param: gpu.buffer(2), grad: gpu.buffer(2) }] });
    train(1, 2);
    await adding;
    train(3, 3);
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([3, 1]);
    optimizer.destroy();
  });
});
