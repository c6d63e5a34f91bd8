// Gradients: scaled, cleared, and assigned anew between steps.
import { describe, expect, vi } from "vitest";
import { Optimizer, ParameterArena, adam, type AdamOptions, type Parameter } from "webgpu-optim";
import { it, type Gpu } from "../support/gpu";
import { gradientOf, initialValue, makeModel, makeReference, type Layout } from "../support/model";
import { watchBuffers } from "../support/refusals";
import { rules } from "../support/rules";

const two: Layout = [{ names: ["w1", "b2"] }, { names: ["w2", "none", "b1"] }];

describe("gradScale", () => {
  for (const { name, make } of rules) {
    for (const scale of [0.125, 4, -1, 1024, 0]) {
      it(`${scale} equals ${scale} times the gradients, bit for bit, with ${name}`, async ({ gpu }) => {
        // Powers of two: the product with the gradient is exact.
        const rule = make({ lr: 0.01 });
        const scaled = await makeModel(gpu, rule, two);
        const plain = await makeModel(gpu, rule, two);
        for (let step = 1; step <= 3; step++) {
          scaled.differentiate(step);
          scaled.optimizer.step({ gradScale: scale });
          for (const { names } of two) {
            for (const parameter of names) {
              const { buffer } = plain.bindings[parameter].grad;
              gpu.write(
                buffer,
                gradientOf(parameter, step).map((value) => value * scale),
              );
            }
          }
          plain.optimizer.step();
        }
        expect(await scaled.values()).toEqual(await plain.values());
        expect(await scaled.optimizer.stateDict()).toEqual(await plain.optimizer.stateDict());
        for (const { optimizer } of [scaled, plain]) optimizer.destroy();
      });
    }
  }

  it("holds for one step, and the gradients stay as they are", async ({ gpu }) => {
    const [param, grad] = [gpu.buffer(3), gpu.buffer([1, 2, 4])];
    const optimizer = await Optimizer.create(gpu.device, [{ param, grad }], adam({ betas: [0, 0.5] }));
    optimizer.step({ gradScale: 0.25 });
    expect((await optimizer.stateDict()).state["0.0"]!.expAvg).toEqual(Float32Array.of(0.25, 0.5, 1));
    optimizer.step();
    expect((await optimizer.stateDict()).state["0.0"]!.expAvg).toEqual(Float32Array.of(1, 2, 4));
    expect(await gpu.read(grad)).toEqual(Float32Array.of(1, 2, 4));
    optimizer.destroy();
  });

  it("1 / 3 is followed as the reference does, coupled decay unscaled", async ({ gpu }) => {
    const rule = rules[0]!.make({ lr: 0.01, weightDecay: 0.3 });
    const model = await makeModel(gpu, rule, two);
    const reference = makeReference(rule, two);
    model.differentiate(1);
    model.optimizer.step({ gradScale: 1 / 3 });
    reference.optimizer.step({ gradScale: 1 / 3 });
    const { state } = await model.optimizer.stateDict();
    const expected = reference.optimizer.stateDict().state;
    for (const [name, { expAvg }] of Object.entries(expected)) {
      // A tenth of a gradient of up to 4 and its decay, rounded three times.
      expAvg!.forEach((value, i) => {
        expect(Math.abs(state[name]!.expAvg![i]! - value)).toBeLessThanOrEqual(3 * 2 ** -24);
      });
    }
    model.optimizer.destroy();
  });
});

describe("zeroGrad()", () => {
  for (const memory of ["separate buffers", "an arena"] as const) {
    for (const form of ["of its own submission", "into the caller's encoder"] as const) {
      it(`clears every gradient in ${memory}, those of frozen groups too, ${form}`, async ({ gpu }) => {
        const layout = [two[0]!, { ...two[1]!, frozen: true }] as Layout;
        const { optimizer, bindings, values, differentiate } = await makeModel(
          gpu,
          rules[0]!.make(),
          layout,
          memory,
        );
        differentiate(1);
        optimizer.step();
        const [before, saved] = [await values(), await optimizer.stateDict()];
        if (form === "of its own submission") optimizer.zeroGrad();
        else {
          const encoder = gpu.device.createCommandEncoder();
          optimizer.zeroGrad({ encoder });
          expect((await gpu.read(bindings.b1.grad.buffer)).some((value) => value !== 0)).toBe(true);
          gpu.device.queue.submit([encoder.finish()]);
        }
        for (const { grad } of Object.values(bindings)) {
          expect((await gpu.read(grad.buffer)).every((value) => value === 0)).toBe(true);
        }
        expect(await values()).toEqual(before);
        expect(await optimizer.stateDict()).toEqual(saved);
        optimizer.destroy();
      });
    }
  }

  it("leaves what lies between gradients of lengths 1, 3, 5 at odd offsets of one buffer", async ({
    gpu,
  }) => {
    const grad = gpu.buffer(new Float32Array(20).fill(7));
    const ranges = [
      [1, 1],
      [2, 3],
      [9, 5],
    ] as const;
    const params = ranges.map(([first, length]) => ({
      param: gpu.buffer(length),
      grad: { buffer: grad, offset: first * 4, size: length * 4 },
    }));
    const optimizer = await Optimizer.create(gpu.device, params, adam());
    optimizer.zeroGrad();
    const expected = new Float32Array(20).fill(7);
    for (const [first, length] of ranges) expected.fill(0, first, first + length);
    expect(await gpu.read(grad)).toEqual(expected);
    optimizer.destroy();
  });

  it("clears the gradient that was assigned last, and no other", async ({ gpu }) => {
    const [first, second] = [gpu.buffer([1, 2]), gpu.buffer([3, 4])];
    const parameter: Parameter = { param: gpu.buffer(2), grad: first };
    const optimizer = await Optimizer.create(gpu.device, [parameter], adam());
    parameter.grad = second;
    optimizer.zeroGrad();
    expect(await gpu.read(first)).toEqual(Float32Array.of(1, 2));
    expect(await gpu.read(second)).toEqual(Float32Array.of(0, 0));
    optimizer.destroy();
  });
});

const steps = [1, 2, 3, 4, 5, 6];

/** The parameter "w1" after six steps by six gradients in one buffer. */
async function expectedRun(gpu: Gpu) {
  const [param, grad] = [gpu.buffer(initialValue("w1")), gpu.buffer(70)];
  const optimizer = await Optimizer.create(gpu.device, [{ param, grad }], adam({ lr: 0.1 }));
  for (const step of steps) {
    gpu.write(grad, gradientOf("w1", step));
    optimizer.step();
  }
  optimizer.destroy();
  return gpu.read(param);
}

describe("gradients assigned between steps", () => {
  const ways: [
    string,
    (optimizer: Optimizer<AdamOptions>, parameter: Parameter, grad: Parameter["grad"]) => void,
  ][] = [
    [
      "the caller's own parameter",
      (_, parameter, grad) => {
        parameter.grad = grad;
      },
    ],
    [
      "paramGroups[0].params[0]",
      (optimizer, _, grad) => {
        optimizer.paramGroups[0]!.params[0]!.grad = grad;
      },
    ],
  ];
  for (const [through, assign] of ways) {
    it(`through ${through}: rotating A, B, A, … steps right, and binds each once`, async ({ gpu }) => {
      const buffers = [gpu.buffer(70), gpu.buffer(70)];
      const parameter: Parameter = { param: gpu.buffer(initialValue("w1")), grad: buffers[0]! };
      const optimizer = await Optimizer.create(gpu.device, [parameter], adam({ lr: 0.1 }));
      const bind = vi.spyOn(gpu.device, "createBindGroup");
      const create = vi.spyOn(gpu.device, "createBuffer");
      const made = steps.map((step) => {
        const grad = buffers[step % 2]!;
        gpu.write(grad, gradientOf("w1", step));
        assign(optimizer, parameter, grad);
        const before = bind.mock.calls.length;
        optimizer.step();
        return bind.mock.calls.length - before;
      });
      expect(create).not.toHaveBeenCalled();
      bind.mockRestore();
      create.mockRestore();
      expect(made).toEqual([1, 0, 0, 0, 0, 0]);
      expect(await gpu.read(parameter.param as GPUBuffer)).toEqual(await expectedRun(gpu));
      optimizer.destroy();
    });
  }

  for (const how of ["assigned", "changed in place"] as const) {
    it(`as a binding whose offset is ${how}: each step reads its own part`, async ({ gpu }) => {
      const all = gpu.buffer(640);
      for (const step of steps) gpu.write(all, gradientOf("w1", step), 101 * step - 50);
      const binding = { buffer: all, offset: 0, size: 280 };
      const parameter: Parameter = { param: gpu.buffer(initialValue("w1")), grad: binding };
      const optimizer = await Optimizer.create(gpu.device, [parameter], adam({ lr: 0.1 }));
      for (const step of steps) {
        const offset = (101 * step - 50) * 4;
        if (how === "assigned") parameter.grad = { buffer: all, offset, size: 280 };
        else binding.offset = offset;
        optimizer.step();
      }
      expect(await gpu.read(parameter.param as GPUBuffer)).toEqual(await expectedRun(gpu));
      optimizer.destroy();
    });

    it(`to a parameter of an arena, ${how}: each step reads its own part`, async ({ gpu }) => {
      const arena = new ParameterArena(gpu.device, { w1: [70], other: [3] });
      gpu.own(arena.paramBuffer);
      gpu.own(arena.gradBuffer);
      arena.write("w1", initialValue("w1"));
      const all = gpu.buffer(640);
      for (const step of steps) gpu.write(all, gradientOf("w1", step), 101 * step - 50);
      const optimizer = await Optimizer.create(gpu.device, arena.parameters, adam({ lr: 0.1 }));
      const binding = { buffer: all, offset: 204, size: 280 };
      arena.parameters[0]!.grad = binding;
      for (const step of steps) {
        const offset = (101 * step - 50) * 4;
        if (how === "assigned") arena.parameters[0]!.grad = { buffer: all, offset, size: 280 };
        else binding.offset = offset;
        optimizer.step();
      }
      expect(await arena.read("w1")).toEqual(await expectedRun(gpu));
      expect(await arena.read("other")).toEqual(new Float32Array(3));
      optimizer.destroy();
    });
  }

  it("to one of two optimizers that share a parameter are seen by both", async ({ gpu }) => {
    const param = gpu.buffer(1);
    const parameter: Parameter = { param, grad: gpu.buffer([1]) };
    const create = () => Optimizer.create(gpu.device, [parameter], adam({ lr: 1 }));
    const [first, second] = [await create(), await create()];
    parameter.grad = gpu.buffer([-1]);
    first.step();
    second.step();
    expect((await gpu.read(param))[0]).toBeCloseTo(2, 5);
    first.destroy();
    second.destroy();
  });

  it("to 40 places and back to some: what is bound anew steps right, and destroy() frees it all", async ({
    gpu,
  }) => {
    const all = gpu.buffer(Float32Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 1 : -1)));
    const parameter: Parameter = { param: gpu.buffer(1), grad: { buffer: all, offset: 0, size: 4 } };
    const buffers = watchBuffers(gpu.device);
    const optimizer = await Optimizer.create(gpu.device, [parameter], adam({ lr: 1, betas: [0, 0] }));
    let sum = 0;
    for (const element of [...Array(40).keys(), 0, 1, 2, 39]) {
      parameter.grad = { buffer: all, offset: element * 4, size: 4 };
      optimizer.step();
      sum -= element % 2 === 0 ? 1 : -1;
    }
    buffers.stop();
    expect((await gpu.read(parameter.param as GPUBuffer))[0]).toBeCloseTo(sum, 4);
    optimizer.destroy();
    expect(buffers.left(), "buffers left allocated").toEqual([]);
  });
});
