// Small tensors in buffers of their own, stepped two by two: the same numbers as one by one, in fewer dispatches, and
// nothing read that is written.
import { describe, expect, vi } from "vitest";
import { Optimizer, adabelief, sgd, type Parameter, type RuleOptions, type UpdateRule } from "webgpu-optim";
import { it, type Gpu } from "../support/gpu";
import { Random } from "../support/random";

const STEPS = 3;
/** Longer tensors are stepped alone. */
const MOST = 65_536;
const RULES: [name: string, rule: UpdateRule<RuleOptions>][] = [
  ["two slots of state", adabelief()],
  ["no state", sgd({ lr: 0.1 })],
];

type Made = { name: string; param: GPUBuffer; grad: GPUBuffer };

function tensors(gpu: Gpu, lengths: readonly number[]): Made[] {
  const random = new Random(3);
  return lengths.map((length, index) => ({
    name: `t${index}`,
    param: gpu.buffer(random.normals(length)),
    grad: gpu.buffer(random.normals(length)),
  }));
}

/** Copies of tensors, in buffers of their own. */
async function copies(gpu: Gpu, originals: readonly Made[]): Promise<Made[]> {
  return Promise.all(
    originals.map(async ({ name, param, grad }) => ({
      name,
      param: gpu.buffer(await gpu.read(param)),
      grad: gpu.buffer(await gpu.read(grad)),
    })),
  );
}

/** An optimizer for each tensor: none has another one to be paired with. */
const alone = (gpu: Gpu, parameters: readonly Parameter[], rule: UpdateRule<RuleOptions>) =>
  Promise.all(parameters.map((parameter) => Optimizer.create(gpu.device, [parameter], rule)));

/** Steps in a pass of the test's own, and returns the dispatches and what was created meanwhile. */
function watched(gpu: Gpu, optimizer: Optimizer<RuleOptions>) {
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  const dispatch = vi.spyOn(pass, "dispatchWorkgroups");
  const setPipeline = vi.spyOn(pass, "setPipeline");
  const bindGroups = vi.spyOn(gpu.device, "createBindGroup");
  optimizer.step({ pass });
  const seen = {
    dispatches: dispatch.mock.calls.length,
    pipelines: setPipeline.mock.calls.length,
    bindGroups: bindGroups.mock.calls.length,
  };
  bindGroups.mockRestore();
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
  return seen;
}

describe.each(RULES)("a rule with %s", (_, rule) => {
  it("steps two by two as one by one, bit for bit, at every length", async ({ gpu }) => {
    const lengths = [1, 3, 4, 63, 64, 65, 1024, 8191, 8192, 8193, 20_000, MOST - 1, MOST, 17, 130];
    const made = tensors(gpu, lengths);
    const twins = await copies(gpu, made);
    const optimizer = await Optimizer.create(gpu.device, made, rule);
    const singles = await alone(gpu, twins, rule);
    for (let step = 0; step < STEPS; step++) {
      optimizer.step();
      for (const single of singles) single.step();
    }
    for (const [index, { param }] of made.entries()) {
      expect(await gpu.read(param), `tensor of ${lengths[index]}`).toEqual(
        await gpu.read(twins[index]!.param),
      );
    }
    const { state } = await optimizer.stateDict();
    for (const [index, single] of singles.entries()) {
      const { state: own } = await single.stateDict();
      expect(state[`t${index}`]).toEqual(own[`t${index}`]);
    }
    for (const each of [optimizer, ...singles]) each.destroy();
  });
});

describe("dispatches", () => {
  it("are one for two small tensors, one for what is left over, and one for each large tensor", async ({
    gpu,
  }) => {
    const lengths = [1, 2, MOST + 1, 3, 4, 5, MOST + 5, 6, 7];
    const optimizer = await Optimizer.create(gpu.device, tensors(gpu, lengths), adabelief());
    expect(watched(gpu, optimizer)).toEqual({ dispatches: 2 + 3 + 1, pipelines: 3, bindGroups: 0 });
    optimizer.destroy();
  });

  it("are one for each tensor when gradients are clipped", async ({ gpu }) => {
    const options = { clipGradValue: 1 };
    const made = tensors(gpu, [4, 5, 6]);
    const optimizer = await Optimizer.create(gpu.device, made, adabelief(), options);
    // Another one decides what becomes of the step.
    expect(watched(gpu, optimizer).dispatches).toBe(3 + 1);
    optimizer.destroy();
  });

  it("are alone for tensors with their gradient in the same buffer", async ({ gpu }) => {
    const shared = [gpu.buffer(new Random(1).normals(40)), gpu.buffer(new Random(2).normals(40))];
    const halves = shared.map((buffer) => ({
      param: { buffer, size: 80 },
      grad: { buffer, offset: 80, size: 80 },
    }));
    const [separate] = tensors(gpu, [20]);
    const optimizer = await Optimizer.create(gpu.device, [...halves, separate!], adabelief());
    expect(watched(gpu, optimizer).dispatches).toBe(3);
    optimizer.destroy();
  });
});

describe("gradients that move", () => {
  it("rotate through buffers: each is bound once, and the numbers are those of one by one", async ({
    gpu,
  }) => {
    const made = tensors(gpu, [10, 70, 300, 4]);
    const random = new Random(9);
    const others = made.map(({ grad }) => gpu.buffer(random.normals(grad.size / 4)));
    const firsts = made.map(({ grad }) => grad);
    const twins = await copies(gpu, made);
    const twinGradients = [twins.map(({ grad }) => grad), (await copies(gpu, made)).map(({ grad }) => grad)];
    for (const [index, other] of others.entries()) {
      gpu.write(twinGradients[1]![index]!, await gpu.read(other));
    }
    const optimizer = await Optimizer.create(gpu.device, made, adabelief());
    const singles = await alone(gpu, twins, adabelief());
    const seen = [];
    for (let step = 0; step < 6; step++) {
      const gradients = step % 2 === 0 ? firsts : others;
      made.forEach((tensor, index) => (tensor.grad = gradients[index]!));
      twins.forEach((tensor, index) => (tensor.grad = twinGradients[step % 2]![index]!));
      seen.push(watched(gpu, optimizer));
      for (const single of singles) single.step();
    }
    expect(seen.map(({ dispatches }) => dispatches)).toEqual([2, 2, 2, 2, 2, 2]);
    // Four gradients that were never seen, and two pairs of them.
    expect(seen.map(({ bindGroups }) => bindGroups)).toEqual([0, 6, 0, 0, 0, 0]);
    for (const [index, { param }] of made.entries()) {
      expect(await gpu.read(param)).toEqual(await gpu.read(twins[index]!.param));
    }
    for (const each of [optimizer, ...singles]) each.destroy();
  });

  it("one of two: both are stepped alone, until it is back", async ({ gpu }) => {
    const made = tensors(gpu, [10, 70]);
    const twins = await copies(gpu, made);
    const optimizer = await Optimizer.create(gpu.device, made, adabelief());
    const singles = await alone(gpu, twins, adabelief());
    const [first, moved] = [made[1]!.grad, gpu.buffer(await gpu.read(made[1]!.grad))];
    const counts = [first, moved, first, moved].map((grad) => {
      made[1]!.grad = grad;
      for (const single of singles) single.step();
      return watched(gpu, optimizer).dispatches;
    });
    expect(counts).toEqual([1, 2, 1, 2]);
    for (const [index, { param }] of made.entries()) {
      expect(await gpu.read(param)).toEqual(await gpu.read(twins[index]!.param));
    }
    for (const each of [optimizer, ...singles]) each.destroy();
  });

  for (const [which, crosses] of [
    ["the first's", [true, false]],
    ["the second's", [false, true]],
    ["both", [true, true]],
  ] as const) {
    it(`lie beside the other tensor's parameters, ${which}: both are stepped alone`, async ({ gpu }) => {
      const random = new Random(5);
      // The first half of a buffer holds parameters, the second the gradient of the other tensor.
      const shared = [0, 1].map(() => gpu.buffer(random.normals(256)));
      const apart = [0, 1].map(() => gpu.buffer(random.normals(128)));
      const half = (buffer: GPUBuffer, index: number) => ({ buffer, offset: index * 512, size: 512 });
      const tensorOf = async (index: 0 | 1) => {
        const grad = crosses[index] ? half(shared[1 - index]!, 1) : half(apart[index]!, 0);
        const values = (await gpu.read(grad.buffer)).slice(grad.offset / 4, grad.offset / 4 + 128);
        return {
          crossed: { param: half(shared[index]!, 0), grad },
          twin: {
            param: gpu.buffer((await gpu.read(shared[index]!)).slice(0, 128)),
            grad: gpu.buffer(values),
          },
        };
      };
      const both = [await tensorOf(0), await tensorOf(1)];
      const optimizer = await Optimizer.create(
        gpu.device,
        both.map(({ crossed }) => crossed),
        adabelief(),
      );
      const singles = await alone(
        gpu,
        both.map(({ twin }) => twin),
        adabelief(),
      );
      expect(watched(gpu, optimizer).dispatches).toBe(2);
      for (const single of singles) single.step();
      for (const [index, { twin }] of both.entries()) {
        expect(await gpu.read(shared[index]!, 0, 128)).toEqual(await gpu.read(twin.param));
      }
      for (const each of [optimizer, ...singles]) each.destroy();
    });
  }
});
