// The failure contract, the device: buffers that it refuses, a device that is lost, memory that is short, a kernel that
// does not compile, and calls after destroy(). What fails rejects, and nothing stays allocated.
import { describe, expect, onTestFinished, vi } from "vitest";
import {
  DeviceError,
  Optimizer,
  ParameterArena,
  ParameterError,
  UsageError,
  adam,
  type Parameter,
} from "webgpu-optim";
import { Gpu, it, requestDevice } from "../support/gpu";
import { errorOf, expectRefused, shortOfMemory, watchBuffers } from "../support/refusals";
import { rules } from "../support/rules";
import { stepped } from "../support/stepped";

const rule = rules[0]!.make();

/** A parameter of 4 elements. */
const four = (gpu: Gpu, name: string) => ({ name, param: gpu.buffer(4), grad: gpu.buffer(4) });

/** A device of the test's own, and buffers on it. */
async function ownGpu(): Promise<Gpu> {
  const gpu = new Gpu(await requestDevice());
  onTestFinished(() => {
    gpu.device.destroy();
  });
  return gpu;
}

describe("buffers that the device refuses", () => {
  const badBuffers: [string, (gpu: Gpu) => Promise<GPUBuffer>][] = [
    [
      "destroyed",
      (gpu) => {
        const buffer = gpu.buffer(4);
        buffer.destroy();
        return Promise.resolve(buffer);
      },
    ],
    ["of another device", async () => (await ownGpu()).buffer(4)],
  ];
  for (const [what, make] of badBuffers) {
    for (const key of ["param", "grad"] as const) {
      it(`reject create() for a ${key} that is ${what}, naming its parameter alone`, async ({ gpu }) => {
        const bad = { ...four(gpu, "culprit"), [key]: await make(gpu) };
        const groups = [
          { params: [four(gpu, "fine")] },
          { params: [bad, four(gpu, "innocent")], amsgrad: true },
        ];
        const buffers = watchBuffers(gpu.device);
        const create = () => Optimizer.create(gpu.device, groups, adam());
        const error = await expectRefused(create, ParameterError, '"culprit"', "destroyed", "another device");
        expect(error.message).not.toMatch(/"fine"|"innocent"/);
        expect(buffers.created.length).toBeGreaterThan(0);
        expect(buffers.left(), "buffers left allocated").toEqual([]);
      });

      it(`reject addParamGroup() for a ${key} that is ${what}, and the optimizer steps on`, async ({
        gpu,
      }) => {
        const { optimizer, snapshot } = await stepped(gpu, rule);
        const before = await snapshot();
        const bad = { ...four(gpu, "culprit"), [key]: await make(gpu) };
        const buffers = watchBuffers(gpu.device);
        const add = () => optimizer.addParamGroup({ params: [bad, four(gpu, "innocent")] });
        const error = await expectRefused(add, ParameterError, '"culprit"');
        expect(error.message).not.toContain('"innocent"');
        buffers.stop();
        expect(buffers.left().filter((label) => label.startsWith("webgpu-optim"))).toEqual([]);
        expect(optimizer.paramGroups).toHaveLength(2);
        expect(await snapshot()).toEqual(before);
        await optimizer.addParamGroup({ params: [four(gpu, "culprit")] });
        optimizer.step();
        expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([2, 2, 1]);
        optimizer.destroy();
      });
    }
  }

  it("reject create() for the parameters of a destroyed arena", async ({ gpu }) => {
    const arena = new ParameterArena(gpu.device, { w: [4] });
    arena.destroy();
    await expectRefused(() => Optimizer.create(gpu.device, arena.parameters, adam()), ParameterError, '"w"');
  });
});

describe("a lost device", () => {
  const LOST = ["the GPU device is lost (destroyed", "request a new device"];
  const lose = async ({ device }: Gpu) => {
    device.destroy();
    await device.lost;
  };

  it("rejects create()", async () => {
    const gpu = await ownGpu();
    const parameter = four(gpu, "w");
    await lose(gpu);
    await expectRefused(
      () => Optimizer.create(gpu.device, [parameter], adam()),
      DeviceError,
      "create",
      ...LOST,
    );
  });

  it("rejects create() when it is lost meanwhile", async () => {
    const gpu = await ownGpu();
    const creating = errorOf(() => Optimizer.create(gpu.device, [four(gpu, "w")], adam()));
    gpu.device.destroy();
    expect(await creating).toBeInstanceOf(DeviceError);
  });

  const calls: Record<string, (optimizer: Optimizer<never>, saved: never, gpu: Gpu) => unknown> = {
    "step()": (optimizer) => {
      optimizer.step();
    },
    "zeroGrad()": (optimizer) => {
      optimizer.zeroGrad();
    },
    "stateDict()": (optimizer) => optimizer.stateDict(),
    "loadStateDict()": (optimizer, saved) => {
      optimizer.loadStateDict(saved);
    },
    addParamGroup: (optimizer, _, gpu) => optimizer.addParamGroup({ params: [four(gpu, "late")] } as never),
  };
  for (const [name, call] of Object.entries(calls)) {
    it(`makes ${name} fail, and no step is counted`, async () => {
      const gpu = await ownGpu();
      const { optimizer } = await stepped(gpu, rule);
      const saved = await optimizer.stateDict();
      await lose(gpu);
      await expectRefused(() => call(optimizer as never, saved as never, gpu), DeviceError, name, ...LOST);
      expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([1, 1]);
      optimizer.destroy();
    });
  }

  it("rejects a stateDict() that is under way", async () => {
    const gpu = await ownGpu();
    const { optimizer } = await stepped(gpu, rule);
    const reading = errorOf(() => optimizer.stateDict());
    gpu.device.destroy();
    const error = await reading;
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as Error).message).toContain("stateDict(): what the GPU holds could not be read");
  });

  it("makes read() of an arena reject", async () => {
    const gpu = await ownGpu();
    const arena = new ParameterArena(gpu.device, { w: [4] });
    await arena.ready;
    await lose(gpu);
    await expectRefused(() => arena.read("w"), DeviceError, "ParameterArena", '"w"');
  });

  it("makes write() of an arena throw", async () => {
    const gpu = await ownGpu();
    const arena = new ParameterArena(gpu.device, { w: [4] });
    await arena.ready;
    await lose(gpu);
    const write = () => {
      arena.write("w", [1, 2, 3, 4]);
    };
    await expectRefused(write, DeviceError, "lost");
  });

  it("makes a new arena's ready reject, and create() with it", async () => {
    const gpu = await ownGpu();
    await lose(gpu);
    const arena = new ParameterArena(gpu.device, { w: [4] });
    await expectRefused(() => Optimizer.create(gpu.device, arena.parameters, adam()), DeviceError, "lost");
    await expectRefused(() => arena.ready, DeviceError, "lost");
  });
});

describe("memory that is short", () => {
  for (const what of ["state", "scalars", "segments"]) {
    it(`rejects create() for the ${what} of the second group, and frees what was made`, async ({ gpu }) => {
      const groups = [
        { params: [four(gpu, "first")] },
        { params: [{ name: "second", param: gpu.buffer(999), grad: gpu.buffer(999) }] },
      ];
      const buffers = watchBuffers(gpu.device);
      const endShortage = shortOfMemory(gpu.device, new RegExp(`webgpu-optim/adam/${what}$`));
      const create = () => Optimizer.create(gpu.device, groups, adam());
      await expectRefused(create, DeviceError, "out of memory", "no memory left in the test");
      expect(buffers.created.length).toBeGreaterThan(0);
      expect(buffers.left(), "buffers left allocated").toEqual([]);
      endShortage();
      buffers.stop();
      const optimizer = await Optimizer.create(gpu.device, groups, adam());
      optimizer.destroy();
    });
  }

  it("rejects addParamGroup(), and the optimizer steps on", async ({ gpu }) => {
    const { optimizer, snapshot } = await stepped(gpu, rule);
    const before = await snapshot();
    const parameter = four(gpu, "late");
    const buffers = watchBuffers(gpu.device);
    const endShortage = shortOfMemory(gpu.device, /state$/);
    const add = () => optimizer.addParamGroup({ params: [parameter] });
    await expectRefused(add, DeviceError, "addParamGroup", "out of memory");
    expect(buffers.left()).toEqual([]);
    endShortage();
    buffers.stop();
    expect(await snapshot()).toEqual(before);
    optimizer.step();
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([2, 2]);
    optimizer.destroy();
  });

  it("rejects stateDict(), frees its copies, and the next one works", async ({ gpu }) => {
    const { optimizer, snapshot } = await stepped(gpu, rule);
    const before = await snapshot();
    const buffers = watchBuffers(gpu.device);
    const endShortage = shortOfMemory(gpu.device, /state-copy$/);
    await expectRefused(() => optimizer.stateDict(), DeviceError, "stateDict", "no memory left in the test");
    expect(buffers.left()).toEqual([]);
    endShortage();
    buffers.stop();
    expect(await snapshot()).toEqual(before);
    optimizer.destroy();
  });
});

describe("a rule whose WGSL is wrong", () => {
  const wrong: [string, string, RegExp][] = [
    ["does not parse", "struct State { expAvg: vec4f", /error \d+:\d+ /],
    [
      "names what is not there",
      adam().wgsl(adam().defaults).replace("return", "let wrong = notThere;\n  return"),
      /error \d+:\d+ unresolved value 'notThere'\n {2}.*let wrong = notThere;/,
    ],
  ];
  for (const [what, wgsl, message] of wrong) {
    it(`rejects create() with the compiler's message, its line and the source when it ${what}`, async ({
      gpu,
    }) => {
      const buffers = watchBuffers(gpu.device);
      const params: Parameter[] = [{ param: gpu.buffer(4), grad: gpu.buffer(4) }];
      const mine = { ...adam(), name: "mine", wgsl: () => wgsl };
      const error = await expectRefused(
        () => Optimizer.create(gpu.device, params, mine),
        DeviceError,
        "mine",
        "does not compile",
      );
      expect(error.message).toMatch(message);
      expect(buffers.left().filter((label) => label.startsWith("webgpu-optim"))).toEqual([]);
    });
  }
});

describe("after destroy()", () => {
  const remedy = "was called after destroy(); create a new optimizer";

  it.for(["step", "zeroGrad", "stateDict", "loadStateDict", "addParamGroup"] as const)(
    "%s() is refused",
    async (method, { gpu }) => {
      const { optimizer } = await stepped(gpu, rule);
      const saved = await optimizer.stateDict();
      optimizer.destroy();
      const argument = { loadStateDict: saved, addParamGroup: { params: [four(gpu, "late")] } }[
        method as string
      ];
      const call = () => (optimizer[method] as (argument: unknown) => unknown)(argument);
      await expectRefused(call, UsageError, method, remedy);
    },
  );

  it("the caller's buffers live on, all of the optimizer's are freed, and a second destroy() does nothing", async ({
    gpu,
  }) => {
    const parameter = four(gpu, "w");
    const buffers = watchBuffers(gpu.device);
    const optimizer = await Optimizer.create(gpu.device, [parameter], adam());
    optimizer.step();
    await optimizer.stateDict();
    parameter.grad = gpu.buffer(4);
    optimizer.step();
    buffers.stop();
    optimizer.destroy();
    optimizer.destroy();
    expect(buffers.left()).toEqual([""]);
    expect(await gpu.read(parameter.param)).toHaveLength(4);
  });

  it.for(["before", "after"] as const)(
    "an addParamGroup() under way rejects: destroy() %s its buffers are made, and they are freed",
    async (when, { gpu }) => {
      const { optimizer } = await stepped(gpu, rule);
      const late = four(gpu, "late");
      const buffers = watchBuffers(gpu.device);
      const { queue } = gpu.device;
      const submit = queue.submit.bind(queue);
      const submitting = vi.spyOn(queue, "submit").mockImplementation((commands) => {
        submit(commands);
        optimizer.destroy();
        return undefined;
      });
      const adding = errorOf(() => optimizer.addParamGroup({ params: [late] }));
      if (when === "before") optimizer.destroy();
      const error = await adding;
      submitting.mockRestore();
      expect(error).toBeInstanceOf(UsageError);
      expect((error as Error).message).toContain("addParamGroup");
      expect(buffers.created.length > 0).toBe(when === "after");
      expect(buffers.left()).toEqual([]);
    },
  );

  it("a stateDict() under way still resolves with the state as it was", async ({ gpu }) => {
    const { optimizer, snapshot } = await stepped(gpu, rule);
    const { saved } = await snapshot();
    const reading = optimizer.stateDict();
    optimizer.destroy();
    expect(await reading).toEqual(saved);
  });
});
