// The launch plan on a device: how many dispatches, what is created, windows, grids, offsets and neighbours.
import { describe, expect, onTestFinished, vi } from "vitest";
import { Optimizer, ParameterArena, ParameterError, adabelief, adam, type Parameter } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { it, requestDevice, Gpu } from "../support/gpu";
import { Random } from "../support/random";

const CREATIONS = [
  "createBuffer",
  "createBindGroup",
  "createBindGroupLayout",
  "createPipelineLayout",
  "createShaderModule",
  "createComputePipeline",
  "createComputePipelineAsync",
] as const;

/** Counts what a device creates while `body` runs. */
function countCreations(device: GPUDevice, body: () => void): number {
  const spies = CREATIONS.map((name) => vi.spyOn(device, name));
  body();
  const count = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  for (const spy of spies) spy.mockRestore();
  return count;
}

/** Steps into a pass of the caller's and returns the workgroup counts of its dispatches. */
function recordDispatches(
  device: GPUDevice,
  optimizer: { step: (options: { pass: GPUComputePassEncoder }) => void },
) {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  const dispatch = vi.spyOn(pass, "dispatchWorkgroups");
  optimizer.step({ pass });
  const calls = dispatch.mock.calls.map(([x, y]) => [x, y ?? 1] as const);
  pass.end();
  device.queue.submit([encoder.finish()]);
  return calls;
}

/** An arena of many tensors with random contents. */
async function filledArena(gpu: Gpu, count: number, length: number) {
  const shapes = Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, [length]]));
  const arena = new ParameterArena(gpu.device, shapes);
  gpu.own(arena.paramBuffer);
  gpu.own(arena.gradBuffer);
  const random = new Random(count);
  gpu.write(arena.gradBuffer, random.normals(arena.gradBuffer.size / 4));
  await arena.ready;
  return arena;
}

describe("dispatches", () => {
  it("steps an arena of 1000 tensors in one group by 1 dispatch, with as many workgroups as one tensor", async ({
    gpu,
  }) => {
    const arena = await filledArena(gpu, 1000, 1000);
    const optimizer = await Optimizer.create(gpu.device, arena.parameters, adabelief());
    const one = await Optimizer.create(
      gpu.device,
      [{ param: gpu.buffer(1000 * 1024), grad: gpu.buffer(1000 * 1024) }],
      adabelief(),
    );
    const dispatches = recordDispatches(gpu.device, optimizer);
    expect(dispatches).toHaveLength(1);
    expect(dispatches).toEqual(recordDispatches(gpu.device, one));
    optimizer.destroy();
    one.destroy();
  });

  it("steps tensors at odd offsets of one pair of buffers by 1 dispatch", async ({ gpu }) => {
    const [param, grad] = [gpu.buffer(5000), gpu.buffer(5000)];
    const part = (offset: number, length: number) => ({
      param: { buffer: param, offset: offset * 4, size: length * 4 },
      grad: { buffer: grad, offset: (offset + 11) * 4, size: length * 4 },
    });
    const optimizer = await Optimizer.create(
      gpu.device,
      [part(1, 3), part(7, 300), part(400, 1), part(999, 3000)],
      adam(),
    );
    expect(recordDispatches(gpu.device, optimizer)).toHaveLength(1);
    optimizer.destroy();
  });

  it("makes two pipelines and one dispatch per group when groups differ in amsgrad", async ({ gpu }) => {
    const make = () => ({ param: gpu.buffer(10), grad: gpu.buffer(10) });
    const groups = [
      { params: [make()] },
      { params: [make()], amsgrad: true },
      { params: [make()], frozen: true },
    ];
    const optimizer = await Optimizer.create(gpu.device, groups, adam());
    expect(recordDispatches(gpu.device, optimizer)).toHaveLength(2);
    optimizer.destroy();
  });

  it("creates nothing in a step, in any of its three forms", async ({ gpu }) => {
    const arena = await filledArena(gpu, 20, 100);
    const separate = Array.from({ length: 5 }, () => ({ param: gpu.buffer(9), grad: gpu.buffer(9) }));
    const optimizer = await Optimizer.create(
      gpu.device,
      [{ params: arena.parameters }, { params: separate }],
      adam(),
    );
    const created = countCreations(gpu.device, () => {
      for (let step = 0; step < 10; step++) {
        optimizer.paramGroups[0]!.lr = 1 / (step + 1);
        optimizer.step();
        const encoder = gpu.device.createCommandEncoder();
        optimizer.step({ encoder });
        const pass = encoder.beginComputePass();
        optimizer.step({ pass });
        pass.end();
        gpu.device.queue.submit([encoder.finish()]);
      }
    });
    expect(created).toBe(0);
    expect(optimizer.paramGroups[0]!.step).toBe(30);
    optimizer.destroy();
  });

  it("reuses the compiled pipeline for a second optimizer of the same rule and device", async ({ gpu }) => {
    const make = () =>
      Optimizer.create(gpu.device, [{ param: gpu.buffer(4), grad: gpu.buffer(4) }], adabelief());
    const first = await make();
    const compile = vi.spyOn(gpu.device, "createComputePipelineAsync");
    const second = await make();
    expect(compile).not.toHaveBeenCalled();
    compile.mockRestore();
    first.destroy();
    second.destroy();
  });
});

/** Compares a GPU step of tensors in shared buffers with the reference, and every other byte with what it was. */
async function expectOnlyTensorsStepped(
  gpu: Gpu,
  length: number,
  tensors: { offset: number; length: number; gradOffset: number }[],
  shared: boolean,
  gradLength = length,
) {
  const random = new Random(length);
  const initial = random.normals(length);
  const gradients = shared ? initial : random.normals(gradLength);
  const param = gpu.buffer(initial);
  const grad = shared ? param : gpu.buffer(gradients);
  const params: Parameter[] = tensors.map((tensor) => ({
    param: { buffer: param, offset: tensor.offset * 4, size: tensor.length * 4 },
    grad: { buffer: grad, offset: tensor.gradOffset * 4, size: tensor.length * 4 },
  }));
  const optimizer = await Optimizer.create(gpu.device, params, adam({ lr: 0.1, weightDecay: 0.1 }));
  const expected = Float32Array.from(initial);
  const reference = new ReferenceOptimizer(
    tensors.map((tensor) => ({
      param: expected.subarray(tensor.offset, tensor.offset + tensor.length),
      grad: gradients.slice(tensor.gradOffset, tensor.gradOffset + tensor.length),
    })),
    adam({ lr: 0.1, weightDecay: 0.1 }),
  );
  for (let step = 0; step < 3; step++) {
    optimizer.step();
    reference.step();
  }
  const actual = await gpu.read(param);
  const inside = new Set(tensors.flatMap((t) => Array.from({ length: t.length }, (_, i) => t.offset + i)));
  for (let i = 0; i < length; i++) {
    if (inside.has(i)) expect(Math.abs(actual[i]! - expected[i]!), `element ${i}`).toBeLessThan(2e-6);
    else expect(actual[i], `neighbour ${i}`).toBe(initial[i]);
  }
  if (!shared) expect(await gpu.read(grad)).toEqual(gradients);
  optimizer.destroy();
}

describe("offsets and neighbours", () => {
  for (const length of [1, 3, 5, 63, 64, 65, 255, 256, 257]) {
    for (const offset of [0, 1, 2, 3, 63, 64, 65]) {
      it(`leaves the neighbours of ${length} elements at offset ${offset} bit-identical`, async ({ gpu }) => {
        await expectOnlyTensorsStepped(gpu, offset + length + 70, [{ offset, length, gradOffset: 7 }], false);
      });
    }
  }

  it("steps tightly packed tensors of lengths 1, 2, 3, 5, 257, 64, 64, 129", async ({ gpu }) => {
    let end = 3;
    const tensors = [1, 2, 3, 5, 257, 64, 64, 129].map((length) => {
      const offset = end;
      end += length;
      return { offset, length, gradOffset: offset + 5 };
    });
    await expectOnlyTensorsStepped(gpu, end + 9, tensors, false);
  });

  it("steps tensors whose gradients lie in another order", async ({ gpu }) => {
    const tensors = [
      { offset: 0, length: 64, gradOffset: 300 },
      { offset: 64, length: 64, gradOffset: 0 },
      { offset: 128, length: 100, gradOffset: 65 },
    ];
    await expectOnlyTensorsStepped(gpu, 500, tensors, false);
  });

  it("steps two tensors that read the same gradient", async ({ gpu }) => {
    const tensors = [
      { offset: 0, length: 64, gradOffset: 0 },
      { offset: 64, length: 64, gradOffset: 32 },
    ];
    await expectOnlyTensorsStepped(gpu, 500, tensors, false);
  });
});

describe("parameters and gradients in one buffer", () => {
  for (const length of [1, 5, 64, 257]) {
    it(`steps ${length} elements whose gradient is next to them`, async ({ gpu }) => {
      const tensors = [{ offset: 3, length, gradOffset: 3 + length }];
      await expectOnlyTensorsStepped(gpu, 2 * length + 20, tensors, true);
    });
  }

  it("steps interleaved tensors by 1 dispatch", async ({ gpu }) => {
    const buffer = gpu.buffer(4000);
    const part = (offset: number) => ({ buffer, offset: offset * 4, size: 400 });
    const params = [0, 200, 400, 1000].map((offset) => ({ param: part(offset), grad: part(offset + 100) }));
    const optimizer = await Optimizer.create(gpu.device, params, adam());
    expect(recordDispatches(gpu.device, optimizer)).toHaveLength(1);
    optimizer.destroy();
  });

  it("follows a gradient that moves into the parameter's buffer after create()", async ({ gpu }) => {
    const memory = new Float32Array(200).fill(1);
    const buffer = gpu.buffer(memory);
    const parameter: Parameter = { param: { buffer, offset: 0, size: 400 }, grad: gpu.buffer(100) };
    const optimizer = await Optimizer.create(gpu.device, [parameter], adam({ lr: 0.5 }));
    parameter.grad = { buffer, offset: 400, size: 400 };
    optimizer.step();
    const after = await gpu.read(buffer);
    expect(after[0]).toBeCloseTo(0.5, 6);
    expect(after[99]).toBeCloseTo(0.5, 6);
    expect([...after.subarray(100)]).toEqual([...memory.subarray(100)]);
    optimizer.destroy();
  });

  it("refuses a span beyond maxStorageBufferBindingSize, naming the limit", async ({ gpu }) => {
    const limit = gpu.device.limits.maxStorageBufferBindingSize;
    const buffer = gpu.buffer((limit + 1024) / 4);
    const parameter = {
      name: "far",
      param: { buffer, offset: 0, size: 4 },
      grad: { buffer, offset: limit + 512, size: 4 },
    };
    const create = Optimizer.create(gpu.device, [parameter], adam());
    await expect(create).rejects.toThrow(ParameterError);
    await expect(create).rejects.toThrow(/"far".*maxStorageBufferBindingSize \(134217728 bytes\)/s);
  });
});

describe("limits", () => {
  it("steps 20 M elements on a device whose binding limit is the default 128 MiB", async ({ gpu }) => {
    expect(gpu.device.limits.maxStorageBufferBindingSize).toBe(128 * 2 ** 20);
    const length = 20_000_003;
    const [param, grad] = [gpu.buffer(length), gpu.buffer(length)];
    const fill = new Float32Array(length).fill(1);
    gpu.write(grad, fill);
    const optimizer = await Optimizer.create(gpu.device, [{ param, grad }], adam({ lr: 0.25 }));
    const dispatches = recordDispatches(gpu.device, optimizer);
    expect(dispatches.length).toBeGreaterThan(1);
    const stepped = await gpu.read(param);
    expect(stepped.findIndex((value) => Math.abs(value + 0.25) > 1e-6)).toBe(-1);
    const { state } = await optimizer.stateDict();
    expect(state["0.0"]!.expAvg!.findIndex((value) => Math.abs(value - 0.1) > 1e-7)).toBe(-1);
    expect(state["0.0"]!.expAvgSq!.findIndex((value) => Math.abs(value - 1e-3) > 1e-9)).toBe(-1);
    optimizer.destroy();
  });

  it("steps a parameter buffer larger than the binding limit", async ({ gpu }) => {
    const length = 36 * 2 ** 20;
    const part = (buffer: GPUBuffer, first: number) => ({ buffer, offset: first * 4, size: 400 });
    const [param, grad] = [gpu.buffer(length), gpu.buffer(length)];
    const firsts = [0, length / 2, length - 100];
    for (const first of firsts) gpu.write(grad, new Float32Array(100).fill(-1), first);
    const params = firsts.map((first) => ({ param: part(param, first), grad: part(grad, first) }));
    const optimizer = await Optimizer.create(gpu.device, params, adam({ lr: 0.25 }));
    optimizer.step();
    for (const first of firsts) {
      const stepped = await gpu.read(param, first, 100);
      expect(
        stepped.every((value) => Math.abs(value - 0.25) < 1e-6),
        `at ${first}`,
      ).toBe(true);
    }
    expect(await gpu.read(param, 100, 1)).toEqual(new Float32Array(1));
    optimizer.destroy();
  });

  it("steps 70 000 tensors of one element, more workgroups than one dimension holds, by 1 dispatch", async ({
    gpu,
  }) => {
    const count = 70_000;
    const [param, grad] = [
      gpu.buffer(2 * count),
      gpu.buffer(Float32Array.from({ length: 2 * count }, () => 1)),
    ];
    const params = Array.from({ length: count }, (_, i) => ({
      param: { buffer: param, offset: i * 8, size: 4 },
      grad: { buffer: grad, offset: i * 8, size: 4 },
    }));
    const optimizer = await Optimizer.create(gpu.device, params, adam({ lr: 0.5 }));
    const dispatches = recordDispatches(gpu.device, optimizer);
    expect(dispatches).toHaveLength(1);
    const [x, y] = dispatches[0]!;
    expect(x).toBeLessThanOrEqual(65535);
    expect(y).toBeGreaterThan(1);
    const stepped = await gpu.read(param);
    const wrong = stepped.findIndex((value, i) => Math.abs(value + (i % 2 === 0 ? 0.5 : 0)) > 1e-6);
    expect(wrong).toBe(-1);
    optimizer.destroy();
  });

  it("asks deviceRequirements for nothing that the adapter lacks, and then binds 20 M elements at once", async () => {
    const adapter = (await navigator.gpu.requestAdapter())!;
    const { deviceRequirements } = await import("webgpu-optim");
    const device = await requestDevice(deviceRequirements(adapter));
    const gpu = new Gpu(device);
    onTestFinished(() => {
      gpu.destroy();
      device.destroy();
    });
    const length = 20_000_000;
    const optimizer = await Optimizer.create(
      device,
      [{ param: gpu.buffer(length), grad: gpu.buffer(length) }],
      adam(),
    );
    const windows = Math.ceil((length * 8) / device.limits.maxStorageBufferBindingSize);
    expect(recordDispatches(device, optimizer)).toHaveLength(windows);
  });
});
