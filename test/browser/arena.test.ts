// ParameterArena: where its tensors lie, moving values, and what it refuses.
import { describe, expect } from "vitest";
import { DeviceError, Optimizer, ParameterArena, ParameterError, UsageError, adam } from "webgpu-optim";
import { Gpu, it, requestDevice } from "../support/gpu";
import { expectRefused, shortOfMemory, watchBuffers, watchCalls } from "../support/refusals";

/** An arena whose buffers end with the test. */
function makeArena(gpu: Gpu, shapes: Record<string, readonly number[]>): ParameterArena {
  const arena = new ParameterArena(gpu.device, shapes);
  gpu.own(arena.paramBuffer);
  gpu.own(arena.gradBuffer);
  return arena;
}

const shapes = {
  "fc.weight": [3, 24],
  "fc.bias": [24],
  scale: [],
  nothing: [4, 0],
  exact: [64],
  last: [1, 1, 65],
};

describe("an arena", () => {
  it("lays its tensors out in order, each at the next multiple of 256 bytes", ({ gpu }) => {
    const arena = makeArena(gpu, shapes);
    const slices = Object.keys(shapes).map((name) => {
      const { param, grad } = arena.get(name);
      expect(param.buffer).toBe(arena.paramBuffer);
      expect(grad.buffer).toBe(arena.gradBuffer);
      expect([grad.offset, grad.size]).toEqual([param.offset, param.size]);
      return [name, param.offset, param.size];
    });
    expect(slices).toEqual([
      ["fc.weight", 0, 288],
      ["fc.bias", 512, 96],
      ["scale", 768, 4],
      ["nothing", 1024, 0],
      ["exact", 1024, 256],
      ["last", 1280, 260],
    ]);
    expect([arena.paramBuffer.size, arena.gradBuffer.size]).toEqual([1792, 1792]);
  });

  it("lists a parameter for each tensor, in order, as get() gives it", ({ gpu }) => {
    const arena = makeArena(gpu, shapes);
    const expected = Object.keys(shapes).map((name) => ({ name, ...arena.get(name) }));
    expect(arena.parameters.map(({ name, param, grad }) => ({ name, param, grad }))).toEqual(expected);
  });

  it("tells the shape of a tensor, whatever became of the array that it was given", ({ gpu }) => {
    const mine = [3, 4];
    const arena = makeArena(gpu, { w: mine, ...shapes });
    mine.push(5);
    expect(arena.shape("w")).toEqual([3, 4]);
    for (const [name, shape] of Object.entries(shapes)) expect(arena.shape(name)).toEqual(shape);
  });

  it("is zero-filled, with the usages STORAGE, COPY_SRC and COPY_DST and labels of its own", async ({
    gpu,
  }) => {
    const arena = makeArena(gpu, shapes);
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    for (const [buffer, label] of [
      [arena.paramBuffer, "webgpu-optim/arena/params"],
      [arena.gradBuffer, "webgpu-optim/arena/grads"],
    ] as const) {
      expect(buffer.usage).toBe(STORAGE | COPY_SRC | COPY_DST);
      expect(buffer.label).toBe(label);
      expect(await gpu.read(buffer)).toEqual(new Float32Array(448));
    }
    await arena.ready;
  });

  it("gives bindings that the caller's own kernels can bind", ({ gpu }) => {
    const arena = makeArena(gpu, shapes);
    const buffer: GPUBufferBindingLayout = { type: "storage" };
    const layout = gpu.device.createBindGroupLayout({
      entries: [0, 1].map((binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer })),
    });
    for (const name of ["fc.weight", "fc.bias", "scale", "exact", "last"]) {
      const { param, grad } = arena.get(name);
      const entries = [param, grad].map((resource, binding) => ({ binding, resource }));
      // The fixture's scopes report what the device refuses.
      gpu.device.createBindGroup({ layout, entries });
    }
  });

  it("may hold empty tensors alone", async ({ gpu }) => {
    const arena = makeArena(gpu, { none: [0], neither: [0, 3] });
    const optimizer = await Optimizer.create(gpu.device, arena.parameters, adam());
    optimizer.step();
    optimizer.zeroGrad();
    expect(await arena.read("none")).toEqual(new Float32Array(0));
    optimizer.destroy();
  });

  it("keeps the order of names that look like numbers as JavaScript does, each with its own slice", ({
    gpu,
  }) => {
    const arena = makeArena(gpu, { b: [1], "1": [2], "0": [3] });
    expect(arena.parameters.map(({ name }) => name)).toEqual(["0", "1", "b"]);
    expect(["0", "1", "b"].map((name) => arena.get(name).param.size)).toEqual([12, 8, 4]);
  });
});

describe("values", () => {
  it("are written and read by name, and neighbours stay", async ({ gpu }) => {
    const arena = makeArena(gpu, shapes);
    const values = Float32Array.from({ length: 24 }, (_, i) => i + 0.5);
    arena.write("fc.bias", values);
    arena.write("scale", [7]);
    arena.write("nothing", []);
    arena.write("exact", new Float64Array(64).fill(0.1));
    expect(await arena.read("fc.bias")).toEqual(values);
    expect(await arena.read("scale")).toEqual(Float32Array.of(7));
    expect(await arena.read("nothing")).toEqual(new Float32Array(0));
    expect(await arena.read("exact")).toEqual(new Float32Array(64).fill(0.1));
    expect(await arena.read("fc.weight")).toEqual(new Float32Array(72));
    expect(await arena.read("last")).toEqual(new Float32Array(65));
    const all = await gpu.read(arena.paramBuffer);
    expect(all.subarray(152, 192)).toEqual(new Float32Array(40));
    expect(await gpu.read(arena.gradBuffer)).toEqual(new Float32Array(448));
  });

  it("of part of a larger array are those of the part", async ({ gpu }) => {
    const arena = makeArena(gpu, { w: [3] });
    arena.write("w", Float32Array.of(1, 2, 3, 4, 5).subarray(1, 4));
    expect(await arena.read("w")).toEqual(Float32Array.of(2, 3, 4));
  });

  it("are read as of the call, whatever is written before it resolves, and several at once", async ({
    gpu,
  }) => {
    const arena = makeArena(gpu, { w: [2], b: [1] });
    arena.write("w", [1, 2]);
    const first = arena.read("w");
    arena.write("w", [3, 4]);
    const [second, other] = [arena.read("w"), arena.read("b")];
    arena.write("w", [5, 6]);
    expect(await Promise.all([first, second, other])).toEqual([
      Float32Array.of(1, 2),
      Float32Array.of(3, 4),
      Float32Array.of(0),
    ]);
  });

  it("are written in order with steps", async ({ gpu }) => {
    const arena = makeArena(gpu, { w: [1] });
    gpu.write(arena.gradBuffer, [1]);
    const optimizer = await Optimizer.create(gpu.device, arena.parameters, adam({ lr: 1, betas: [0, 0] }));
    arena.write("w", [10]);
    optimizer.step();
    const stepped = arena.read("w");
    arena.write("w", [20]);
    optimizer.step();
    expect((await stepped)[0]).toBeCloseTo(9, 5);
    expect((await arena.read("w"))[0]).toBeCloseTo(19, 5);
    optimizer.destroy();
  });

  it("read leave no buffer behind", async ({ gpu }) => {
    const arena = makeArena(gpu, { w: [2] });
    const buffers = watchBuffers(gpu.device);
    await arena.read("w");
    expect(buffers.created).toHaveLength(1);
    expect(buffers.left()).toEqual([]);
  });
});

describe("what an arena refuses", () => {
  const badShapes: [unknown, string][] = [
    [[2, -1], "[2, -1]"],
    [[1.5], "[1.5]"],
    [[NaN], "[NaN]"],
    [[Infinity], "[Infinity]"],
    [["3"], '["3" (string)]'],
    [3, "3"],
    ["3", '"3" (string)'],
    [null, "null"],
    [undefined, "undefined"],
  ];
  for (const [shape, shown] of badShapes) {
    it(`the shape ${shown}`, async ({ gpu }) => {
      const calls = watchCalls(gpu.device);
      const create = () => new ParameterArena(gpu.device, { fine: [1], bad: shape as number[] });
      const message = `ParameterArena: the shape of "bad" must be integers of at least 0, got ${shown}`;
      await expectRefused(create, ParameterError, message);
      expect(calls.stop()).toEqual([]);
    });
  }

  it("no tensors", async ({ gpu }) => {
    const create = () => new ParameterArena(gpu.device, {});
    await expectRefused(create, ParameterError, "ParameterArena: shapes is empty; name at least one tensor");
  });

  for (const [shape, bytes] of [
    [[2 ** 26, 1], "268435712"],
    [[2 ** 30, 2 ** 30, 2 ** 30], ""],
  ] as const) {
    it(`a tensor of ${shape.join(" x ")} beside one of 1, naming maxBufferSize and the remedy`, async ({
      gpu,
    }) => {
      const calls = watchCalls(gpu.device);
      const create = () => new ParameterArena(gpu.device, { huge: shape, one: [1] });
      await expectRefused(
        create,
        ParameterError,
        "ParameterArena: ",
        bytes,
        `maxBufferSize of ${gpu.device.limits.maxBufferSize}`,
        "deviceRequirements",
        "several arenas",
      );
      expect(calls.stop()).toEqual([]);
    });
  }

  it.for(["get", "shape", "write", "read"] as const)(
    "an unknown name in %s(), naming the known",
    async (method, { gpu }) => {
      const arena = makeArena(gpu, { w: [1], b: [1] });
      const call = () => (arena[method] as (...args: unknown[]) => unknown).call(arena, "v", [1]);
      await expectRefused(call, ParameterError, 'ParameterArena: there is no "v"; known: w, b');
    },
  );

  for (const length of [0, 3, 5]) {
    it(`to write ${length} values into 4 elements`, async ({ gpu }) => {
      const arena = makeArena(gpu, { w: [2, 2] });
      const write = () => {
        arena.write("w", new Float32Array(length).fill(1));
      };
      await expectRefused(write, ParameterError, `"w" has 4 elements, the data has ${length}`);
      expect(await arena.read("w")).toEqual(new Float32Array(4));
    });
  }

  it.for(["read", "write"] as const)(
    "%s() after destroy(), which may be called twice",
    async (method, { gpu }) => {
      const arena = new ParameterArena(gpu.device, { w: [1] });
      arena.destroy();
      arena.destroy();
      const call = () => (arena[method] as (...args: unknown[]) => unknown).call(arena, "w", [1]);
      await expectRefused(call, UsageError, `ParameterArena: ${method}() was called after destroy()`);
    },
  );

  it("read() when the caller destroyed its buffer, instead of zeros", async ({ gpu }) => {
    const arena = makeArena(gpu, { w: [2] });
    arena.write("w", [1, 2]);
    arena.paramBuffer.destroy();
    await expectRefused(() => arena.read("w"), DeviceError, '"w" could not be read');
  });
});

describe("memory", () => {
  it("of both buffers is freed by destroy()", ({ gpu }) => {
    const buffers = watchBuffers(gpu.device);
    new ParameterArena(gpu.device, { w: [1] }).destroy();
    expect(buffers.created).toHaveLength(2);
    expect(buffers.left()).toEqual([]);
  });

  for (const which of ["params", "grads"]) {
    it(`that is not to be had for ${which} rejects ready, create() and read()`, async ({ gpu }) => {
      const endShortage = shortOfMemory(gpu.device, new RegExp(`arena/${which}$`));
      const arena = makeArena(gpu, { w: [1000] });
      endShortage();
      const buffers = watchBuffers(gpu.device);
      const create = () => Optimizer.create(gpu.device, arena.parameters, adam());
      await expectRefused(
        create,
        DeviceError,
        "ParameterArena: 4096 bytes, twice, could not be had",
        "no memory left",
      );
      await expectRefused(() => arena.ready, DeviceError, "ParameterArena");
      expect(buffers.created, "buffers that create() made").toEqual([]);
      if (which === "params")
        await expectRefused(() => arena.read("w"), DeviceError, '"w" could not be read');
    });
  }

  it("of the largest buffer that the adapter allows is had, or ready rejects", async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const { maxBufferSize } = adapter!.limits;
    const device = await adapter!.requestDevice({ requiredLimits: { maxBufferSize } });
    const size = Math.floor(maxBufferSize / 256) * 256;
    // What the device says of the same request without us is what we must say.
    device.pushErrorScope("out-of-memory");
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const plain = [device.createBuffer({ size, usage }), device.createBuffer({ size, usage })];
    const short = await device.popErrorScope();
    for (const buffer of plain) buffer.destroy();
    const arena = new ParameterArena(device, { huge: [size / 4] });
    if (short) await expectRefused(() => arena.ready, DeviceError, `${size} bytes, twice, could not be had`);
    else await arena.ready;
    arena.destroy();
    device.destroy();
  });
});

describe("devices", () => {
  it("each have arenas of their own: one of another device is refused at create()", async ({ gpu }) => {
    const other = await requestDevice();
    const arena = new ParameterArena(other, { w: [4] });
    await expectRefused(() => Optimizer.create(gpu.device, arena.parameters, adam()), ParameterError, '"w"');
    arena.destroy();
    other.destroy();
  });
});
