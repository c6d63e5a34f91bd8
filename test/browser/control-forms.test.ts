// Clipping and skipping in all forms of step(), layouts and sizes; stats().
import { describe, expect, onTestFinished, vi } from "vitest";
import { Optimizer, ParameterArena, adam, sgd, type Parameter } from "webgpu-optim";
import { ReferenceOptimizer, type ReferenceParameter } from "webgpu-optim/reference";
import { it } from "../support/gpu";
import { Random } from "../support/random";
import { CLOSE, GROUPS, twins } from "../support/twins";

describe("in all forms", () => {
  const options = { clipGradNorm: 1, skipNonFinite: true };

  it("works recorded into one encoder and one pass, several steps before one submit, bit for bit", async ({
    gpu,
  }) => {
    const run = async (form: "submit" | "encoder" | "pass") => {
      const model = await twins(gpu, adam(), options, GROUPS);
      const random = new Random(6);
      model.setGradients(() => random.normal());
      const encoder = gpu.device.createCommandEncoder();
      const pass = form === "pass" ? encoder.beginComputePass() : undefined;
      for (let step = 0; step < 5; step++) {
        model.optimizer.paramGroups[0]!.lr = 0.1 / (step + 1);
        const gradScale = step === 2 ? 3e38 : 1 + step;
        if (form === "submit") model.optimizer.step({ gradScale });
        else model.optimizer.step(pass ? { pass, gradScale } : { encoder, gradScale });
      }
      pass?.end();
      gpu.device.queue.submit([encoder.finish()]);
      const result = {
        param: await gpu.read(model.all[0]!.gpu.param),
        dict: await model.optimizer.stateDict(),
      };
      const stats = await model.optimizer.stats();
      model.optimizer.destroy();
      return { ...result, stats };
    };
    const submitted = await run("submit");
    expect(submitted.stats.skippedSteps).toBe(1);
    expect(await run("encoder")).toEqual(submitted);
    expect(await run("pass")).toEqual(submitted);
  });

  it("adds two dispatches for an arena of 1000 tensors, and creates nothing", async ({ gpu }) => {
    const arena = new ParameterArena(
      gpu.device,
      Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`t${i}`, [100]])),
    );
    gpu.own(arena.paramBuffer);
    gpu.own(arena.gradBuffer);
    gpu.write(arena.gradBuffer, new Random(1).normals(arena.gradBuffer.size / 4));
    const optimizer = await Optimizer.create(gpu.device, arena.parameters, adam(), options);
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
    expect((await optimizer.stats()).step).toBe(3);
    optimizer.destroy();
  });

  it("works with parameters and gradients in one buffer, and gradients that move", async ({ gpu }) => {
    const random = new Random(8);
    const memory = random.normals(400);
    const buffer = gpu.buffer(memory);
    const part = (first: number) => ({ buffer, offset: first * 4, size: 400 });
    const parameter: Parameter = { param: part(0), grad: part(100) };
    const optimizer = await Optimizer.create(gpu.device, [parameter], sgd({ lr: 0.1 }), { clipGradNorm: 2 });
    const [param, grad] = [Float64Array.from(memory.subarray(0, 100)), memory.slice(100, 200)];
    const twin: ReferenceParameter = { param, grad };
    const reference = new ReferenceOptimizer([twin], sgd({ lr: 0.1 }), { clipGradNorm: 2 });
    for (const first of [100, 200, 300, 100]) {
      parameter.grad = part(first);
      twin.grad = memory.slice(first, first + 100);
      optimizer.step();
      reference.step();
      expect(Math.abs((await optimizer.stats()).gradNorm / reference.stats().gradNorm - 1)).toBeLessThan(
        2e-6,
      );
    }
    const stepped = await gpu.read(buffer, 0, 100);
    stepped.forEach((value, i) => {
      expect(Math.abs(value - param[i]!)).toBeLessThan(1e-6);
    });
    optimizer.destroy();
  });

  it("counts no partial sum of an earlier step, when gradients move together and take fewer dispatches", async ({
    gpu,
  }) => {
    const param = gpu.buffer(128);
    const part = (buffer: GPUBuffer, first: number) => ({ buffer, offset: first * 4, size: 256 });
    const apart = [gpu.buffer(new Float32Array(64).fill(3)), gpu.buffer(new Float32Array(64).fill(4))];
    const together = gpu.buffer(new Float32Array(128).fill(1));
    const parameters: Parameter[] = apart.map((grad, index) => ({ param: part(param, 64 * index), grad }));
    const optimizer = await Optimizer.create(gpu.device, parameters, sgd(), options);
    optimizer.step();
    expect((await optimizer.stats()).gradNorm).toBeCloseTo(40, 4);
    parameters.forEach((parameter, index) => (parameter.grad = part(together, 64 * index)));
    optimizer.step();
    expect((await optimizer.stats()).gradNorm).toBeCloseTo(Math.sqrt(128), 4);
    optimizer.destroy();
  });

  it("keeps counts when a group is added", async ({ gpu }) => {
    const model = await twins(gpu, adam(), options, GROUPS);
    const random = new Random(9);
    const step = (bad: boolean) => {
      model.setGradients((g, _, i) => (bad && g === 0 && i === 1 ? NaN : random.normal()));
      model.step();
    };
    step(false);
    step(true);
    const late = {
      gpu: { param: gpu.buffer(9), grad: gpu.buffer(new Float32Array(9).fill(1)) },
      reference: { param: new Float64Array(9), grad: new Float32Array(9).fill(1) },
    };
    await model.optimizer.addParamGroup({ params: [late.gpu] });
    model.reference.addParamGroup({ params: [late.reference] });
    for (const bad of [false, true, false]) step(bad);
    expect(await model.difference()).toBeLessThan(CLOSE);
    const added = await gpu.read(late.gpu.param);
    added.forEach((value, i) => {
      expect(Math.abs(value - late.reference.param[i]!)).toBeLessThan(CLOSE);
    });
    const { groups } = await model.optimizer.stateDict();
    expect(groups.map((group) => group.step)).toEqual([3, 3, 2]);
    expect(await model.optimizer.stats()).toMatchObject({ step: 5, skippedSteps: 2 });
    model.optimizer.destroy();
  });

  it("steps 20 M elements in windows", async ({ gpu }) => {
    const length = 20_000_000;
    const [param, grad] = [gpu.buffer(length), gpu.buffer(length)];
    gpu.write(grad, new Float32Array(length).fill(0.5));
    const optimizer = await Optimizer.create(gpu.device, [{ param, grad }], sgd({ lr: 1, momentum: 0.9 }), {
      clipGradNorm: 1,
    });
    optimizer.step();
    const { gradNorm, clipFactor } = await optimizer.stats();
    expect(Math.abs(gradNorm / Math.sqrt(length * 0.25) - 1)).toBeLessThan(1e-5);
    const stepped = await gpu.read(param);
    expect(stepped.findIndex((value) => Math.abs(value + 0.5 * clipFactor) > 1e-9)).toBe(-1);
    optimizer.destroy();
  });

  it("answers overlapping stats() calls, each with what was submitted by then", async ({ gpu }) => {
    const model = await twins(gpu, adam(), options, GROUPS);
    model.setGradients(() => 1);
    const answers = [];
    for (let step = 0; step < 5; step++) {
      model.optimizer.step();
      answers.push(model.optimizer.stats());
    }
    expect((await Promise.all(answers)).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
    model.optimizer.destroy();
  });

  it("has no stats() without them", async ({ gpu }) => {
    const optimizer = await Optimizer.create(
      gpu.device,
      [{ param: gpu.buffer(1), grad: gpu.buffer(1) }],
      adam(),
    );
    await expect(optimizer.stats()).rejects.toThrow(
      "stats() has nothing to tell: give create() monitor, clipGradNorm",
    );
    optimizer.destroy();
  });
});

describe("what they allocate", () => {
  const options = { clipGradNorm: 1 };
  const watch = (device: GPUDevice) => {
    const alive = new Set<GPUBuffer>();
    const create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      const buffer = create(descriptor);
      const destroy = buffer.destroy.bind(buffer);
      buffer.destroy = () => {
        alive.delete(buffer);
        destroy();
      };
      alive.add(buffer);
      return buffer;
    };
    onTestFinished(() => {
      device.createBuffer = create;
    });
    return alive;
  };

  it("is freed by destroy(), after groups were added too", async ({ gpu }) => {
    const make = () => ({ param: gpu.buffer(5), grad: gpu.buffer(5) });
    const [first, second] = [make(), make()];
    const alive = watch(gpu.device);
    const optimizer = await Optimizer.create(gpu.device, [first], adam(), options);
    await optimizer.addParamGroup({ params: [second] });
    optimizer.step();
    await optimizer.stats();
    expect(alive.size).toBeGreaterThan(5);
    optimizer.destroy();
    expect(alive.size).toBe(0);
  });

  it("is freed when create() or addParamGroup() is refused, and the optimizer steps on", async ({ gpu }) => {
    const make = () => ({ param: gpu.buffer(5), grad: gpu.buffer(new Float32Array(5).fill(1)) });
    const [first, gone] = [make(), make()];
    gone.grad.destroy();
    const alive = watch(gpu.device);
    await expect(Optimizer.create(gpu.device, [{ name: "w", ...gone }], adam(), options)).rejects.toThrow(
      '"w"',
    );
    expect(alive.size).toBe(0);
    const optimizer = await Optimizer.create(gpu.device, [first], adam({ lr: 0.5 }), options);
    optimizer.step();
    const before = alive.size;
    await expect(optimizer.addParamGroup({ params: [{ name: "w", ...gone }] })).rejects.toThrow('"w"');
    expect(alive.size).toBe(before);
    optimizer.step();
    expect(await optimizer.stats()).toMatchObject({ step: 2, skippedSteps: 0 });
    const stepped = await gpu.read(first.param);
    expect(stepped[0]).toBeCloseTo(-1, 3);
    optimizer.destroy();
    expect(alive.size).toBe(0);
  });
});
