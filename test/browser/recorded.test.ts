// Steps recorded before they are submitted: each keeps the options of its call, whatever is uploaded meanwhile.
import { describe, expect } from "vitest";
import { Optimizer, type StateDict } from "webgpu-optim";
import { it, type Gpu } from "../support/gpu";
import { Random } from "../support/random";
import { rules, type SomeRule } from "../support/rules";

const LENGTH = 300;

/** Two groups, one of them with options of its own, over fresh buffers with the same contents at every call. */
async function twoGroups(gpu: Gpu, rule: SomeRule) {
  const random = new Random(5);
  const make = () => ({
    param: gpu.buffer(random.normals(LENGTH)),
    grad: gpu.buffer(random.normals(LENGTH)),
  });
  const [first, second] = [make(), make()];
  const groups = [{ params: [first] }, { params: [second], lr: 0.02, weightDecay: 0.1 }];
  const optimizer = await Optimizer.create(gpu.device, groups, rule);
  const result = async () => {
    const params = [await gpu.read(first.param), await gpu.read(second.param)];
    const saved: StateDict = await optimizer.stateDict();
    optimizer.destroy();
    return { params, saved };
  };
  return { optimizer, result };
}

/** The same steps with learning rates of their own, submitted one by one. */
async function submitted(gpu: Gpu, rule: SomeRule, count: number) {
  const { optimizer, result } = await twoGroups(gpu, rule);
  for (let step = 0; step < count; step++) {
    optimizer.paramGroups[0]!.lr = 0.1 / (step + 1);
    optimizer.step({ gradScale: 1 + step });
  }
  return result();
}

for (const { name, make } of rules) {
  describe(name, () => {
    it("records three steps with three learning rates into one encoder, as if submitted, bit for bit", async ({
      gpu,
    }) => {
      const { optimizer, result } = await twoGroups(gpu, make());
      const encoder = gpu.device.createCommandEncoder();
      for (let step = 0; step < 3; step++) {
        optimizer.paramGroups[0]!.lr = 0.1 / (step + 1);
        optimizer.step({ encoder, gradScale: 1 + step });
      }
      optimizer.paramGroups[0]!.lr = 0.1 / 3;
      gpu.device.queue.submit([encoder.finish()]);
      expect(await result()).toEqual(await submitted(gpu, make(), 3));
    });

    it("records a hundred steps into one compute pass before one submit, bit for bit", async ({ gpu }) => {
      const { optimizer, result } = await twoGroups(gpu, make());
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (let step = 0; step < 100; step++) {
        optimizer.paramGroups[0]!.lr = 0.1 / (step + 1);
        optimizer.step({ pass, gradScale: 1 + step });
      }
      pass.end();
      gpu.device.queue.submit([encoder.finish()]);
      expect(await result()).toEqual(await submitted(gpu, make(), 100));
    });
  });
}

describe("the ring of recorded steps", () => {
  const rule = rules[0]!.make();

  it("holds 4096 recorded steps before the first is submitted", async ({ gpu }) => {
    const { optimizer, result } = await twoGroups(gpu, rule);
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let step = 0; step < 4096; step++) {
      optimizer.paramGroups[0]!.lr = 0.1 / (step + 1);
      optimizer.step({ pass, gradScale: 1 + step });
    }
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
    expect(await result()).toEqual(await submitted(gpu, rule, 4096));
  });

  it("mixes recorded and submitted steps in the order of recording", async ({ gpu }) => {
    const { optimizer, result } = await twoGroups(gpu, rule);
    for (let step = 0; step < 6; step++) {
      optimizer.paramGroups[0]!.lr = 0.1 / (step + 1);
      const options = { gradScale: 1 + step };
      if (step % 2 === 0) optimizer.step(options);
      else {
        const encoder = gpu.device.createCommandEncoder();
        optimizer.step({ ...options, encoder });
        gpu.device.queue.submit([encoder.finish()]);
      }
    }
    expect(await result()).toEqual(await submitted(gpu, rule, 6));
  });

  it("works beside the caller's own commands in one encoder", async ({ gpu }) => {
    const [param, grad, source] = [gpu.buffer(4), gpu.buffer(4), gpu.buffer([1, -1, 1, -1])];
    const optimizer = await Optimizer.create(gpu.device, [{ param, grad }], rules[0]!.make({ lr: 0.5 }));
    const encoder = gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, grad, 0, 16);
    optimizer.step({ encoder });
    optimizer.zeroGrad({ encoder });
    gpu.device.queue.submit([encoder.finish()]);
    const stepped = await gpu.read(param);
    [-0.5, 0.5, -0.5, 0.5].forEach((value, i) => {
      expect(stepped[i]).toBeCloseTo(value, 6);
    });
    expect(await gpu.read(grad)).toEqual(new Float32Array(4));
    optimizer.destroy();
  });
});

describe("the same run twice", () => {
  for (const { name, make } of rules) {
    it(`gives the same bits with ${name}`, async ({ gpu }) => {
      expect(await submitted(gpu, make(), 20)).toEqual(await submitted(gpu, make(), 20));
    });
  }
});
