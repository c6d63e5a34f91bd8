// What the monitor tells of a step, against the float64 reference with the same options.
import { describe, expect, vi } from "vitest";
import { Optimizer, ParameterArena, adabelief, adam, adamw, sgd, type Parameter } from "webgpu-optim";
import { it } from "../support/gpu";
import { Random } from "../support/random";
import { allRules } from "../support/rules";
import { expectSameStats } from "../support/step-stats";
import { CLOSE, GROUPS, twins } from "../support/twins";

const monitor = true;

describe("what is told", () => {
  for (const { name, make } of allRules.filter((rule) => rule.name !== "lion")) {
    it(`follows the reference with ${name}, alone and with clipping and skipping`, async ({ gpu }) => {
      for (const options of [
        { monitor },
        { monitor, clipGradNorm: 1, clipGradValue: 2, skipNonFinite: true },
      ]) {
        const model = await twins(gpu, make({ lr: 0.01 }), options, GROUPS);
        const random = new Random(1);
        for (let step = 0; step < 8; step++) {
          model.setGradients(() => (step % 2 ? 0.1 : 1) * random.normal());
          model.step({ gradScale: 1 + step });
          expectSameStats(await model.optimizer.stats(), model.reference.stats());
        }
        expect(await model.difference()).toBeLessThan(CLOSE);
        model.optimizer.destroy();
      }
    });
  }

  it.for([
    [
      "adam with amsgrad, coupled decay and maximize",
      adam({ amsgrad: true, weightDecay: 0.1, maximize: true }),
    ],
    ["adam with a large eps and short memory", adam({ eps: 0.1, betas: [0.5, 0.4] })],
    ["adamw with decay", adamw({ weightDecay: 0.5, lr: 0.1 })],
    ["adabelief with amsgrad and maxUpdate", adabelief({ amsgrad: true, maxUpdate: 0.5 })],
    ["adabelief with rectify", adabelief({ rectify: true, lr: 0.1 })],
    ["adabelief with rectify, without momentum alone", adabelief({ rectify: true, degeneratedToSgd: false })],
    [
      "adabelief with coupled decay and eps",
      adabelief({ weightDecouple: false, weightDecay: 0.2, eps: 1e-4 }),
    ],
  ] as const)("follows the reference with %s", async ([, rule], { gpu }) => {
    const model = await twins<{ lr: number }>(gpu, rule as never, { monitor }, GROUPS);
    const random = new Random(2);
    for (let step = 0; step < 9; step++) {
      model.setGradients(() => random.normal());
      model.step();
      expectSameStats(await model.optimizer.stats(), model.reference.stats());
    }
    model.optimizer.destroy();
  });

  it("counts the elements at maxUpdate: all, some and none", async ({ gpu }) => {
    const fractions = [];
    for (const maxUpdate of [1e-3, 0.4, 1e3]) {
      const model = await twins(gpu, adabelief({ maxUpdate }), { monitor }, [{ lengths: [300, 5] }]);
      const random = new Random(3);
      for (let step = 0; step < 12; step++) {
        model.setGradients(() => random.normal());
        model.step();
      }
      const stats = await model.optimizer.stats();
      expectSameStats(stats, model.reference.stats());
      fractions.push(stats.groups![0]!.cappedFraction);
      model.optimizer.destroy();
    }
    expect(fractions[0]).toBe(1);
    expect(fractions[1]).toBeGreaterThan(0.05);
    expect(fractions[1]).toBeLessThan(0.95);
    expect(fractions[2]).toBe(0);
  });

  it("counts the step size of every element once, where it belongs", async ({ gpu }) => {
    const model = await twins(gpu, adam({ lr: 1e-3, eps: 2e-8 }), { monitor }, [{ lengths: [1000, 3] }]);
    // After one step √v̂ is the gradient's magnitude: a step size of 1e-3 / 2, and 1e-3 / 2e-8 for none.
    model.setGradients((_, tensor) => (tensor ? 0 : -2));
    model.step();
    const [group] = (await model.optimizer.stats()).groups!;
    const { edges, counts } = group!.stepSizes!;
    expect(edges).toHaveLength(counts.length + 1);
    const at = (size: number) => edges.findLastIndex((edge) => edge <= Math.log10(size));
    const expected = counts.map(() => 0);
    expected[at(5e-4)] = 1000;
    expected[at(5e4)] = 3;
    expect(counts).toEqual(expected);
    model.optimizer.destroy();
  });

  it("keeps what lies beyond the range in the first and the last bin", async ({ gpu }) => {
    for (const lr of [0, 1e-20, 1e20]) {
      const model = await twins(gpu, adam({ lr }), { monitor }, [{ lengths: [70] }]);
      model.setGradients(() => 1);
      model.step();
      const { counts } = (await model.optimizer.stats()).groups![0]!.stepSizes!;
      expect(counts.at(lr > 1 ? -1 : 0)).toBe(70);
      model.optimizer.destroy();
    }
  });

  it.for([1e25, 1e-25, 2e37, 1e15, 1e-15])(
    "is right for gradients and updates of %s",
    async (size, { gpu }) => {
      const model = await twins(gpu, sgd({ lr: 1 }), { monitor }, [{ lengths: [100, 1] }]);
      model.setGradients((_, __, i) => size * (i % 2 ? 1 : -1));
      for (let step = 0; step < 2; step++) {
        model.step();
        expectSameStats(await model.optimizer.stats(), model.reference.stats());
      }
      model.optimizer.destroy();
    },
  );

  it("is right over many workgroups, and the same twice", async ({ gpu }) => {
    const run = async () => {
      const model = await twins(gpu, adabelief(), { monitor }, [{ lengths: [200_000, 70_001, 5] }]);
      const random = new Random(3);
      model.setGradients(() => random.normal());
      model.step();
      model.step();
      const stats = await model.optimizer.stats();
      expectSameStats(stats, model.reference.stats());
      model.optimizer.destroy();
      return stats;
    };
    expect(await run()).toEqual(await run());
  });

  it("does not change what is watched", async ({ gpu }) => {
    const run = async (watched: boolean) => {
      const options = { clipGradNorm: 1, skipNonFinite: true, monitor: watched };
      const model = await twins(gpu, adabelief({ maxUpdate: 2 }), options, GROUPS);
      const random = new Random(4);
      for (let step = 0; step < 5; step++) {
        model.setGradients((g, _, i) => (step === 3 && g === 1 && i === 0 ? NaN : random.normal()));
        model.optimizer.step();
      }
      const param = await gpu.read(model.all[0]!.gpu.param);
      const dict = await model.optimizer.stateDict();
      model.optimizer.destroy();
      return { param, dict };
    };
    expect(await run(true)).toEqual(await run(false));
  });
});

describe("a step that is not whole", () => {
  it("counts gradients that are not finite, and skips nothing unless asked to", async ({ gpu }) => {
    const model = await twins(gpu, sgd({ lr: 0.1 }), { monitor }, GROUPS);
    const bad = [NaN, Infinity, -Infinity, 3e38];
    model.setGradients((g, _, i) => (g === 1 && i < 4 ? bad[i]! : 1));
    model.step({ gradScale: 2 });
    const stats = await model.optimizer.stats();
    expect(stats).toMatchObject({ step: 1, skippedSteps: 0, gradNorm: NaN, clipFactor: 1 });
    expect(stats.groups!.map(({ nonFiniteCount }) => nonFiniteCount)).toEqual([0, 4]);
    expect(stats.groups!.map(({ gradNorm }) => Number.isNaN(gradNorm))).toEqual([false, true]);
    expect(stats.groups![0]!.step).toBe(1);
    // What is not finite goes into the parameters as it would unwatched.
    const param = await gpu.read(model.all[2]!.gpu.param);
    expect(param.findLastIndex((value) => !Number.isFinite(value))).toBe(3);
    expect(stats.groups![1]).toMatchObject({ updateNorm: NaN, paramNorm: NaN });
    model.optimizer.destroy();
  });

  it("tells of a skipped step that nothing moved, and what the step sizes were before", async ({ gpu }) => {
    const model = await twins(gpu, adam(), { monitor, skipNonFinite: true }, GROUPS);
    const random = new Random(5);
    const told = [];
    for (let step = 0; step < 5; step++) {
      const isBad = step === 0 || step === 3;
      model.setGradients((g, t, i) => (isBad && g === 0 && t === 1 && i === 0 ? -Infinity : random.normal()));
      model.step();
      const stats = await model.optimizer.stats();
      expectSameStats(stats, model.reference.stats());
      told.push(stats);
    }
    expect(told[0]!.groups![0]).toMatchObject({ updateNorm: 0, nonFiniteCount: 1, paramNorm: NaN, step: 0 });
    expect(told[3]!.groups![1]).toMatchObject({
      updateNorm: 0,
      largestUpdate: 0,
      nonFiniteCount: 0,
      step: 2,
    });
    expect(told[3]!.groups![1]!.gradNorm).toBeGreaterThan(0);
    expect(told[3]!.groups![1]!.stepSizes).toEqual(told[2]!.groups![1]!.stepSizes);
    model.optimizer.destroy();
  });

  it("tells of a frozen group what its last step was", async ({ gpu }) => {
    const model = await twins(gpu, adam(), { monitor }, [...GROUPS, { lengths: [5], frozen: true }]);
    const random = new Random(6);
    for (const frozen of [false, true, false]) {
      for (const { paramGroups } of [model.optimizer, model.reference]) paramGroups[1]!.frozen = frozen;
      model.setGradients((g) => (g === 2 ? NaN : random.normal()));
      model.step();
      expectSameStats(await model.optimizer.stats(), model.reference.stats());
    }
    const [, , never] = (await model.optimizer.stats()).groups!;
    expect(never).toMatchObject({ step: 0, gradNorm: NaN, paramNorm: NaN, updateNorm: 0, nonFiniteCount: 0 });
    model.optimizer.destroy();
  });

  it("tells nothing before the first step, and after a state was loaded", async ({ gpu }) => {
    const model = await twins(gpu, adam(), { monitor, clipGradNorm: 1 }, GROUPS);
    const check = async () => {
      const stats = await model.optimizer.stats();
      expect(stats).toMatchObject({ step: 0, skippedSteps: 0, gradNorm: NaN, clipFactor: 1 });
      expectSameStats(stats, model.reference.stats());
    };
    await check();
    model.setGradients(() => 1);
    model.step();
    model.step();
    const dict = await model.optimizer.stateDict();
    model.optimizer.loadStateDict(dict);
    model.reference.loadStateDict(dict);
    await check();
    // A skip tells nothing of the steps before the load either.
    model.setGradients(() => NaN);
    model.step();
    expectSameStats(await model.optimizer.stats(), model.reference.stats());
    expect((await model.optimizer.stats()).groups![0]!.paramNorm).toBeNaN();
    model.setGradients(() => 1);
    model.step();
    expectSameStats(await model.optimizer.stats(), model.reference.stats());
    model.optimizer.destroy();
  });
});

describe("in all forms and layouts", () => {
  it("tells of an arena of 1000 tensors in three dispatches a step, and creates nothing", async ({ gpu }) => {
    const shapes = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`t${i}`, [1 + (i % 130)]]));
    const arena = new ParameterArena(gpu.device, shapes);
    for (const buffer of [arena.paramBuffer, arena.gradBuffer]) gpu.own(buffer);
    for (const name of Object.keys(shapes)) {
      const { grad } = arena.get(name);
      const value = Number(name.slice(1)) + 1;
      gpu.write(grad.buffer, new Float32Array(grad.size! / 4).fill(value), grad.offset! / 4);
    }
    const optimizer = await Optimizer.create(gpu.device, arena.parameters, sgd({ lr: 1 }), { monitor });
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    const dispatch = vi.spyOn(pass, "dispatchWorkgroups");
    const spies = (["createBuffer", "createBindGroup", "createComputePipeline"] as const).map((name) =>
      vi.spyOn(gpu.device, name),
    );
    for (let step = 0; step < 3; step++) optimizer.step({ pass });
    expect(dispatch).toHaveBeenCalledTimes(9);
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
    spies.forEach((spy) => {
      spy.mockRestore();
    });
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
    const [group] = (await optimizer.stats()).groups!;
    expect(Object.keys(group!.params)).toEqual(Object.keys(shapes));
    Object.values(group!.params).forEach((stats, i) => {
      const norm = (i + 1) * Math.sqrt(1 + (i % 130));
      expect(Math.abs(stats.gradNorm / norm - 1)).toBeLessThan(1e-6);
      expect(Math.abs(stats.updateNorm / norm - 1)).toBeLessThan(1e-6);
      expect(stats.largestUpdate).toBe(i + 1);
      expect(Math.abs(stats.paramNorm / (3 * norm) - 1)).toBeLessThan(1e-6);
    });
    optimizer.destroy();
  });

  it("tells the same of steps that are submitted, recorded into an encoder, or into an open pass", async ({
    gpu,
  }) => {
    const run = async (form: "submit" | "encoder" | "pass") => {
      const model = await twins(gpu, adabelief({ maxUpdate: 0.5 }), { monitor, skipNonFinite: true }, GROUPS);
      const random = new Random(8);
      model.setGradients(() => random.normal());
      const encoder = gpu.device.createCommandEncoder();
      const pass = form === "pass" ? encoder.beginComputePass() : undefined;
      for (const gradScale of [1, 3e38, 2]) {
        model.reference.step({ gradScale });
        if (form === "submit") model.optimizer.step({ gradScale });
        else model.optimizer.step(pass ? { pass, gradScale } : { encoder, gradScale });
      }
      pass?.end();
      gpu.device.queue.submit([encoder.finish()]);
      const stats = await model.optimizer.stats();
      expectSameStats(stats, model.reference.stats());
      model.optimizer.destroy();
      return stats;
    };
    const submitted = await run("submit");
    expect(submitted.skippedSteps).toBe(1);
    expect(await run("encoder")).toEqual(submitted);
    expect(await run("pass")).toEqual(submitted);
  });

  it("follows gradients that move between buffers, and into the parameters' own", async ({ gpu }) => {
    const memory = gpu.buffer(1024);
    const part = (buffer: GPUBuffer, first: number, length: number) => ({
      buffer,
      offset: first * 4,
      size: length * 4,
    });
    const others = [gpu.buffer(300), gpu.buffer(300)];
    const parameters: Parameter[] = [
      { name: "a", param: part(memory, 0, 100), grad: part(others[0]!, 0, 100) },
      { name: "b", param: part(memory, 128, 64), grad: part(others[1]!, 0, 64) },
      { name: "c", param: part(memory, 192, 30), grad: part(others[0]!, 128, 30) },
    ];
    const optimizer = await Optimizer.create(gpu.device, parameters, sgd({ lr: 1 }), { monitor });
    const places = [
      [others[0]!, others[1]!, others[0]!],
      [others[1]!, others[1]!, others[1]!],
      [memory, others[0]!, memory],
    ];
    for (const [round, buffers] of places.entries()) {
      parameters.forEach((parameter, index) => {
        const length = [100, 64, 30][index]!;
        const first = (buffers[index] === memory ? 512 : 0) + [0, 100, 200][index]!;
        parameter.grad = part(buffers[index]!, first, length);
        gpu.write(buffers[index]!, new Float32Array(length).fill(10 * round + index + 1), first);
      });
      optimizer.step();
      const { params } = (await optimizer.stats()).groups![0]!;
      Object.values(params).forEach(({ largestUpdate, gradNorm }, index) => {
        const value = 10 * round + index + 1;
        expect(largestUpdate).toBe(value);
        expect(gradNorm).toBeCloseTo(value * Math.sqrt([100, 64, 30][index]!), 3);
      });
    }
    optimizer.destroy();
  });

  it("tells of empty tensors and of tensors in windows", async ({ gpu }) => {
    const length = 20_000_000;
    const [param, grad] = [gpu.buffer(length), gpu.buffer(length)];
    gpu.write(grad, new Float32Array(length).fill(0.5));
    const empty = { buffer: gpu.buffer(64), offset: 0, size: 0 };
    const optimizer = await Optimizer.create(
      gpu.device,
      [
        { name: "empty", param: empty, grad: { ...empty, buffer: gpu.buffer(64) } },
        { name: "large", param, grad },
      ],
      adam({ lr: 1 }),
      { monitor },
    );
    optimizer.step();
    const [group] = (await optimizer.stats()).groups!;
    expect(group!.params.empty).toMatchObject({
      gradNorm: 0,
      updateNorm: 0,
      cappedFraction: 0,
      paramNorm: 0,
    });
    expect(Math.abs(group!.gradNorm / Math.sqrt(length * 0.25) - 1)).toBeLessThan(1e-5);
    expect(Math.abs(group!.updateNorm / Math.sqrt(length) - 1)).toBeLessThan(1e-5);
    expect(group!.stepSizes!.counts.reduce((sum, count) => sum + count)).toBe(length);
    optimizer.destroy();
  });

  it("answers overlapping calls, while groups are added, each with what was submitted by then", async ({
    gpu,
  }) => {
    const model = await twins(gpu, adam({ lr: 0.1 }), { monitor }, GROUPS);
    const answers = [];
    for (let step = 0; step < 5; step++) {
      model.setGradients(() => step + 1);
      model.optimizer.step();
      answers.push(model.optimizer.stats());
    }
    const added = model.optimizer.addParamGroup({
      params: [{ name: "late", param: gpu.buffer(9), grad: gpu.buffer(new Float32Array(9).fill(1)) }],
    });
    answers.push(model.optimizer.stats());
    const told = await Promise.all(answers);
    expect(told.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 5]);
    told.forEach(({ groups }, index) => {
      expect(groups).toHaveLength(2);
      expect(groups![1]!.gradNorm).toBeCloseTo(Math.min(index + 1, 5) * Math.sqrt(70), 3);
    });
    await added;
    const after = await model.optimizer.stats();
    expect(after.groups).toHaveLength(3);
    expect(after.groups![1]).toEqual(told[5]!.groups![1]);
    expect(after).toMatchObject({ step: 5, gradNorm: told[5]!.gradNorm });
    expect(after.groups![2]).toMatchObject({ step: 0, gradNorm: NaN });
    model.optimizer.step();
    expect((await model.optimizer.stats()).groups![2]).toMatchObject({ step: 1, gradNorm: 3 });
    model.optimizer.destroy();
  });

  it("frees what it allocated", async ({ gpu }) => {
    const alive = new Set<GPUBuffer>();
    const create = gpu.device.createBuffer.bind(gpu.device);
    const [param, grad] = [gpu.buffer(5), gpu.buffer(5)];
    const spy = vi.spyOn(gpu.device, "createBuffer").mockImplementation((descriptor) => {
      const buffer = create(descriptor);
      alive.add(buffer);
      vi.spyOn(buffer, "destroy").mockImplementation(() => {
        alive.delete(buffer);
        (Object.getPrototypeOf(buffer) as GPUBuffer).destroy.call(buffer);
      });
      return buffer;
    });
    const optimizer = await Optimizer.create(gpu.device, [{ param, grad }], adam(), { monitor });
    optimizer.step();
    await optimizer.stats();
    expect(alive.size).toBeGreaterThan(8);
    optimizer.destroy();
    spy.mockRestore();
    expect(alive.size).toBe(0);
  });
});
