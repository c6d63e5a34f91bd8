// stateDict() and loadStateDict(): the form of the saved state, what it is a snapshot of, and runs that go on from one.
import { describe, expect } from "vitest";
import { Optimizer, adam, type Schedule, type StateDict } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { it, type Gpu } from "../support/gpu";
import {
  LENGTHS,
  NAMES,
  gradientOf,
  initialValue,
  makeModel,
  type Layout,
  type Memory,
} from "../support/model";
import { describeOptions, rules, type SomeRule } from "../support/rules";

const layout: Layout = [
  { names: ["w1", "none", "w2"], weightDecay: 0.1 },
  { names: ["b1", "b2"], lr: 0.02, betas: [0.8, 0.99] },
];
/** The same groups with the options of the rule, in another order of groups and parameters. */
const shuffled: Layout = [{ names: ["b2", "b1"] }, { names: ["w2", "w1", "none"] }];

/** Trains 4 steps, saves, loads into a fresh optimizer, trains 4 more; and 8 steps without a break. */
async function interrupted(gpu: Gpu, rule: SomeRule, second: Layout, memory: [Memory, Memory]) {
  const whole = await makeModel(gpu, rule, layout, memory[0]);
  whole.train(1, 4);
  const saved = structuredClone(await whole.optimizer.stateDict());
  const resumed = await makeModel(gpu, rule, second, memory[1], await whole.values());
  resumed.optimizer.loadStateDict(saved);
  const restored = await resumed.optimizer.stateDict();
  whole.train(5, 8);
  resumed.train(5, 8);
  const ends = [whole, resumed].map(async ({ optimizer, values }) => {
    const result = { values: await values(), state: (await optimizer.stateDict()).state };
    const steps = optimizer.paramGroups.map(({ step }) => step);
    optimizer.destroy();
    return { ...result, steps };
  });
  const [expected, actual] = await Promise.all(ends);
  return { saved, restored, expected, actual };
}

for (const { name, make } of rules) {
  describe(name, () => {
    const variants = [{}, { amsgrad: true }, { maximize: true, weightDecay: 0.3, lr: 0.05 }];
    for (const rule of variants.map((options) => make(options))) {
      it(`goes on from a saved state bit for bit with ${describeOptions(rule)}`, async ({ gpu }) => {
        const memory: [Memory, Memory] = ["separate buffers", "separate buffers"];
        const { saved, restored, expected, actual } = await interrupted(gpu, rule, layout, memory);
        expect(restored).toEqual(saved);
        expect(actual).toEqual(expected);
        expect(actual!.steps).toEqual([8, 8]);
      });

      it(`goes on in another order of groups and parameters with ${describeOptions(rule)}`, async ({
        gpu,
      }) => {
        const memory: [Memory, Memory] = ["separate buffers", "an arena"];
        const { saved, restored, expected, actual } = await interrupted(gpu, rule, shuffled, memory);
        expect(restored.state).toEqual(saved.state);
        const settings = (dict: StateDict, group: number) => ({ ...dict.groups[group], params: undefined });
        expect(settings(restored, 0)).toEqual(settings(saved, 1));
        expect(settings(restored, 1)).toEqual(settings(saved, 0));
        expect(actual).toEqual(expected);
      });
    }

    it("goes on in separate buffers from a state saved in an arena", async ({ gpu }) => {
      const memory: [Memory, Memory] = ["an arena", "separate buffers"];
      const { expected, actual } = await interrupted(gpu, make(), shuffled, memory);
      expect(actual).toEqual(expected);
    });

    it("saves the slots of the rule, one value for each element", async ({ gpu }) => {
      for (const amsgrad of [false, true]) {
        const rule = make({ amsgrad });
        const { optimizer, train } = await makeModel(gpu, rule, layout);
        train(1, 2);
        const { state } = await optimizer.stateDict();
        expect(Object.keys(state).sort()).toEqual([...NAMES].sort());
        const second = name === "adabelief" ? "expAvgVar" : "expAvgSq";
        const slots = [
          "expAvg",
          second,
          ...(amsgrad ? [name === "adabelief" ? "maxExpAvgVar" : "maxExpAvgSq"] : []),
        ];
        for (const parameter of NAMES) {
          expect(Object.keys(state[parameter]!)).toEqual(slots);
          for (const slot of slots) {
            expect(state[parameter]![slot]).toBeInstanceOf(Float32Array);
            expect(state[parameter]![slot]).toHaveLength(LENGTHS[parameter]);
          }
        }
        optimizer.destroy();
      }
    });

    it("loads a state of ReferenceOptimizer, and ReferenceOptimizer loads one of Optimizer", async ({
      gpu,
    }) => {
      const rule = make({ lr: 0.01 });
      const { optimizer, train } = await makeModel(gpu, rule, layout);
      const groups = layout.map(({ names, ...options }) => ({
        params: names.map((parameter) => ({
          name: parameter,
          param: Float64Array.from(initialValue(parameter)),
          grad: gradientOf(parameter, 1),
        })),
        ...options,
      }));
      const reference = new ReferenceOptimizer(groups, rule);
      reference.step();
      reference.step();
      const inFloat64 = reference.stateDict();
      optimizer.loadStateDict(inFloat64);
      const rounded = await optimizer.stateDict();
      for (const parameter of NAMES) {
        for (const [slot, values] of Object.entries(inFloat64.state[parameter]!)) {
          expect(values).toBeInstanceOf(Float64Array);
          expect(rounded.state[parameter]![slot]).toEqual(Float32Array.from(values));
        }
      }
      expect(rounded.groups).toEqual(inFloat64.groups);

      train(3, 4);
      const inFloat32 = await optimizer.stateDict();
      reference.loadStateDict(inFloat32);
      const widened = reference.stateDict();
      expect(widened.groups).toEqual(inFloat32.groups);
      for (const parameter of NAMES) {
        for (const [slot, values] of Object.entries(widened.state[parameter]!)) {
          expect(values).toEqual(Float64Array.from(inFloat32.state[parameter]![slot]!));
        }
      }
      optimizer.destroy();
    });
  });
}

const rule = rules[0]!.make();

describe("the saved state", () => {
  it("has the documented form, and nothing else", async ({ gpu }) => {
    const [param, grad] = [gpu.buffer([1, 2]), gpu.buffer([0.5, -2])];
    const groups = [
      { params: [{ name: "w", param, grad }], lr: 0.25 },
      { params: [{ param: gpu.buffer(1), grad: gpu.buffer(1) }], frozen: true },
    ];
    const optimizer = await Optimizer.create(gpu.device, groups, adam({ betas: [0.5, 0.75] }));
    optimizer.step();
    const options = { betas: [0.5, 0.75], eps: 1e-8, weightDecay: 0, amsgrad: false, maximize: false };
    expect(await optimizer.stateDict()).toStrictEqual({
      format: "webgpu-optim",
      version: 1,
      rule: "adam",
      groups: [
        { options: { lr: 0.25, ...options }, step: 1, params: ["w"] },
        { options: { lr: 1e-3, ...options }, step: 0, params: ["1.0"] },
      ],
      state: {
        w: { expAvg: Float32Array.of(0.25, -1), expAvgSq: Float32Array.of(0.0625, 1) },
        "1.0": { expAvg: Float32Array.of(0), expAvgSq: Float32Array.of(0) },
      },
    });
    optimizer.destroy();
  });

  it("survives structuredClone", async ({ gpu }) => {
    const { optimizer, train } = await makeModel(gpu, rules[2]!.make(), layout);
    train(1, 1);
    const saved = await optimizer.stateDict();
    expect(structuredClone(saved)).toStrictEqual(saved);
    optimizer.destroy();
  });

  it("is that of the work submitted when it is called, not of steps taken before it resolves", async ({
    gpu,
  }) => {
    const { optimizer, train } = await makeModel(gpu, rule, layout);
    train(1, 2);
    const expected = await optimizer.stateDict();
    const saving = optimizer.stateDict();
    optimizer.paramGroups[0]!.lr = 0.5;
    optimizer.paramGroups[1]!.betas = [0.1, 0.2];
    train(3, 5);
    expect(await saving).toEqual(expected);
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([5, 5]);
    optimizer.destroy();
  });

  it("may be asked for twice before the first resolves, each as of its call", async ({ gpu }) => {
    const { optimizer, train } = await makeModel(gpu, rule, layout);
    train(1, 1);
    const first = optimizer.stateDict();
    train(2, 2);
    const [second, third] = [optimizer.stateDict(), optimizer.stateDict()];
    const [a, b, c] = await Promise.all([first, second, third]);
    expect(a.groups.map(({ step }) => step)).toEqual([1, 1]);
    expect(b.groups.map(({ step }) => step)).toEqual([2, 2]);
    expect(a.state.w1).not.toEqual(b.state.w1);
    expect(c).toEqual(b);
    const again = await makeModel(gpu, rule, layout);
    again.train(1, 1);
    expect(await again.optimizer.stateDict()).toEqual(a);
    again.optimizer.destroy();
    optimizer.destroy();
  });

  it("shares no memory with the optimizer", async ({ gpu }) => {
    const { optimizer, train } = await makeModel(gpu, rule, layout);
    train(1, 1);
    const saved = await optimizer.stateDict();
    const kept = structuredClone(saved);
    (saved.groups[0]!.options.betas as number[])[0] = 0.123;
    saved.groups[0]!.params.pop();
    saved.state.w1!.expAvg!.fill(7);
    expect(await optimizer.stateDict()).toEqual(kept);

    const loaded = structuredClone(kept);
    optimizer.loadStateDict(loaded);
    (loaded.groups[0]!.options.betas as number[])[0] = 0.123;
    loaded.state.w1!.expAvg!.fill(7);
    expect(await optimizer.stateDict()).toEqual(kept);
    optimizer.destroy();
  });

  it("holds a schedule as its current value", async ({ gpu }) => {
    const lr: Schedule = (step) => 0.1 / (step + 1);
    const { optimizer, train } = await makeModel(gpu, rule, [{ names: ["w1"], lr }, { names: ["b1"] }]);
    train(1, 3);
    const { groups } = await optimizer.stateDict();
    expect(groups.map(({ options }) => options.lr)).toEqual([0.1 / 4, 1e-3]);
    optimizer.destroy();
  });
});

describe("names", () => {
  it.for(["__proto__", "constructor", "0", "layers.0.weight", "größe\n"])(
    "such as %j are kept",
    async (name, { gpu }) => {
      const create = () =>
        Optimizer.create(
          gpu.device,
          [{ name, param: gpu.buffer(2), grad: gpu.buffer([1, 2]) }],
          adam({ betas: [0, 0] }),
        );
      const [saver, loader] = [await create(), await create()];
      saver.step();
      const saved = structuredClone(await saver.stateDict());
      expect(Object.keys(saved.state)).toEqual([name]);
      loader.loadStateDict(saved);
      const { expAvg } = Object.values((await loader.stateDict()).state)[0]!;
      expect(expAvg).toEqual(Float32Array.of(1, 2));
      saver.destroy();
      loader.destroy();
    },
  );
});

describe("loading", () => {
  it("keeps a schedule of the loader's, and gives a number where it has a number", async ({ gpu }) => {
    const saver = await makeModel(gpu, rule, [
      { names: ["w1"], lr: () => 0.5 },
      { names: ["b1"], lr: () => 0.25 },
    ]);
    const saved = await saver.optimizer.stateDict();
    const own: Schedule = () => 0.125;
    const loader = await makeModel(gpu, rule, [{ names: ["w1"], lr: own }, { names: ["b1"] }]);
    loader.optimizer.loadStateDict(saved);
    expect(loader.optimizer.paramGroups.map(({ lr }) => lr)).toEqual([own, 0.25]);
    saver.optimizer.destroy();
    loader.optimizer.destroy();
  });

  it("restores numbers exactly, and they hold from the next step", async ({ gpu }) => {
    const options = { lr: 0.1 + 0.2, betas: [1 / 3, 1 - 2 ** -40], eps: 1e-17, weightDecay: Math.PI * 1e-3 };
    const saver = await makeModel(gpu, rule, [{ names: ["w1"], ...options, maximize: true }]);
    const loader = await makeModel(gpu, rule, [{ names: ["w1"] }]);
    loader.optimizer.loadStateDict(structuredClone(await saver.optimizer.stateDict()));
    expect(loader.optimizer.paramGroups[0]).toMatchObject({ ...options, maximize: true });
    saver.train(1, 2);
    loader.train(1, 2);
    expect(await loader.values()).toEqual(await saver.values());
    saver.optimizer.destroy();
    loader.optimizer.destroy();
  });

  it("leaves parameters, gradients and frozen as they are, and replaces all that was trained", async ({
    gpu,
  }) => {
    const { optimizer, train, values } = await makeModel(gpu, rule, layout);
    const fresh = await optimizer.stateDict();
    train(1, 3);
    optimizer.paramGroups[0]!.lr = 0.7;
    optimizer.paramGroups[1]!.frozen = true;
    const before = await values();
    optimizer.loadStateDict(fresh);
    expect(await values()).toEqual(before);
    expect(optimizer.paramGroups.map(({ frozen }) => frozen)).toEqual([false, true]);
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([0, 0]);
    expect(await optimizer.stateDict()).toEqual(fresh);
    optimizer.destroy();
  });

  it("takes float64 state, rounded to float32", async ({ gpu }) => {
    const { optimizer } = await makeModel(gpu, rule, [{ names: ["b2"] }]);
    const saved = {
      ...(await optimizer.stateDict()),
      state: { b2: { expAvg: new Float64Array(5).fill(0.1), expAvgSq: Float32Array.of(1, 2, 3, 4, 5) } },
    };
    optimizer.loadStateDict(saved);
    expect((await optimizer.stateDict()).state).toEqual({
      b2: { expAvg: new Float32Array(5).fill(0.1), expAvgSq: Float32Array.of(1, 2, 3, 4, 5) },
    });
    optimizer.destroy();
  });

  it("of one order of slots, names and options equals that of another", async ({ gpu }) => {
    const { optimizer, train } = await makeModel(gpu, rule, layout);
    train(1, 2);
    const saved = await optimizer.stateDict();
    const reverse = <T extends object>(value: T) => Object.fromEntries(Object.entries(value).reverse()) as T;
    const reversed = {
      ...saved,
      groups: saved.groups.map((group) => ({ ...group, options: reverse(group.options) })).reverse(),
      state: reverse(
        Object.fromEntries(Object.entries(saved.state).map(([name, slots]) => [name, reverse(slots)])),
      ),
    };
    train(3, 3);
    optimizer.loadStateDict(reversed);
    expect(await optimizer.stateDict()).toEqual(saved);
    optimizer.destroy();
  });
});
