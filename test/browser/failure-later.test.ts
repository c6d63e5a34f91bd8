// The failure contract, what the caller assigns between steps: an illegal gradient, another param; and clearing
// gradients that cannot be cleared.
import { describe, expect, vi } from "vitest";
import { Optimizer, ParameterArena, ParameterError, adam, type Parameter } from "webgpu-optim";
import { it, type Gpu } from "../support/gpu";
import { expectRefused, watchCalls } from "../support/refusals";
import { rules } from "../support/rules";
import { expectStepRefused, stepped } from "../support/stepped";

const { STORAGE, COPY_SRC, UNIFORM } = GPUBufferUsage;
const rule = rules[0]!.make({ lr: 0.1 });

/** Gradients that "c", of 4 elements, cannot have. */
const badGradients: [string, (gpu: Gpu, c: Parameter, a: Parameter) => unknown, string][] = [
  ["undefined", () => undefined, 'grad of "c" must be a GPUBuffer'],
  [
    "of 3 elements",
    (gpu) => gpu.buffer(3),
    'grad of "c" has 3 elements (12 bytes), its param has 4 (16 bytes)',
  ],
  ["without STORAGE", (gpu) => gpu.buffer(4, UNIFORM), 'grad of "c" lacks the usage STORAGE'],
  [
    "mapped",
    (gpu) => gpu.own(gpu.device.createBuffer({ size: 16, usage: STORAGE, mappedAtCreation: true })),
    'grad of "c" is mapped',
  ],
  [
    "at offset 2",
    (gpu) => ({ buffer: gpu.buffer(8), offset: 2, size: 16 }),
    "offset must be a multiple of 4",
  ],
  ["past the end", (gpu) => ({ buffer: gpu.buffer(8), offset: 20, size: 16 }), "past the end of its buffer"],
  ["its own param", (_, c) => c.param, 'grad of "c" overlaps its own param'],
  [
    "the param of another group",
    (_, __, a) => ({ buffer: a.param, offset: 4, size: 16 }),
    'grad of "c" overlaps the param of "a"',
  ],
];

describe("a gradient assigned between steps", () => {
  for (const [what, source, message] of badGradients) {
    it(`is refused when ${what}, and no group is stepped`, async ({ gpu }) => {
      const running = await stepped(gpu, rule);
      const [a, , c] = running.parameters;
      const { grad } = c;
      const bad = source(gpu, c, a);
      const mistake = { make: () => (c.grad = bad as GPUBuffer), undo: () => (c.grad = grad) };
      await expectStepRefused(gpu, running, mistake, ParameterError, message);
      running.optimizer.destroy();
    });

    it(`is refused by zeroGrad() when ${what}, and nothing is cleared`, async ({ gpu }) => {
      const running = await stepped(gpu, rule);
      const [a, , c] = running.parameters;
      const { grad } = c;
      const before = await running.snapshot();
      const bad = source(gpu, c, a);
      c.grad = bad as GPUBuffer;
      const calls = watchCalls(gpu.device);
      const zeroGrad = () => {
        running.optimizer.zeroGrad();
      };
      await expectRefused(zeroGrad, ParameterError, message);
      expect(calls.stop()).toEqual([]);
      c.grad = grad;
      expect(await running.snapshot()).toEqual(before);
      running.optimizer.destroy();
    });
  }

  it("is refused in place: the offset of a binding", async ({ gpu }) => {
    const running = await stepped(gpu, rule);
    const [, , c] = running.parameters;
    const place = { buffer: c.grad as GPUBuffer, offset: 0 };
    c.grad = place;
    const mistake = { make: () => (place.offset = 6), undo: () => (place.offset = 0) };
    await expectStepRefused(gpu, running, mistake, ParameterError, "offset must be a multiple of 4 bytes");
    running.optimizer.destroy();
  });

  /** After a refused step, the gradients that were legal hold: what each parameter moved by in the next step. */
  const directions = async (gpu: Gpu, params: Parameter[], mistake: () => void, undo: () => void) => {
    const optimizer = await Optimizer.create(gpu.device, params, adam({ lr: 1 }));
    mistake();
    expect(() => {
      optimizer.step();
    }).toThrow(ParameterError);
    undo();
    optimizer.step();
    const moved = await Promise.all(params.map(({ param }) => gpu.read(param as GPUBuffer, 0, 1)));
    optimizer.destroy();
    return moved.map(([value]) => Math.sign(value!));
  };

  it("is followed at the next step when another one of its group was refused", async ({ gpu }) => {
    const [one, two] = [1, 2].map(() => ({ param: gpu.buffer(4), grad: gpu.buffer([1, 1, 1, 1]) })) as [
      Parameter,
      Parameter,
    ];
    const { grad } = two;
    const mistake = () => {
      one.grad = gpu.buffer([-1, -1, -1, -1]);
      two.grad = gpu.buffer(3);
    };
    const undo = () => (two.grad = grad);
    expect(await directions(gpu, [one, two], mistake, undo)).toEqual([1, -1]);
  });

  it("is refused each time when too far from its param in one buffer, and not stepped in silence", async ({
    gpu,
  }) => {
    const limit = gpu.device.limits.maxStorageBufferBindingSize;
    const buffer = gpu.buffer((limit + 512) / 4);
    const parameter: Parameter = {
      name: "far",
      param: { buffer, offset: 0, size: 4 },
      grad: gpu.buffer([1]),
    };
    const optimizer = await Optimizer.create(gpu.device, [parameter], adam({ lr: 1 }));
    parameter.grad = { buffer, offset: limit + 256, size: 4 };
    const step = () => {
      optimizer.step();
    };
    await expectRefused(step, ParameterError, '"far"', "maxStorageBufferBindingSize");
    await expectRefused(step, ParameterError, '"far"', "maxStorageBufferBindingSize");
    expect(optimizer.paramGroups[0]!.step).toBe(0);
    expect(await gpu.read(buffer, 0, 1)).toEqual(new Float32Array(1));
    optimizer.destroy();
  });
});

describe("a param assigned between steps", () => {
  it.for(["another buffer", "another range of its buffer"])("is refused: %s", async (what, { gpu }) => {
    const running = await stepped(gpu, rule);
    const [, , c] = running.parameters;
    const { param } = c;
    const other =
      what === "another buffer" ? gpu.buffer(4) : { buffer: param as GPUBuffer, offset: 4, size: 12 };
    const mistake = { make: () => (c.param = other), undo: () => (c.param = param) };
    await expectStepRefused(
      gpu,
      running,
      mistake,
      ParameterError,
      'param of "c" was assigned anew',
      "only grad may be",
      "Create a new optimizer, or write the values into the param's buffer",
    );
    running.optimizer.destroy();
  });

  it("is refused, each time, for a parameter of an arena, and its binding cannot be written to", async ({
    gpu,
  }) => {
    const arena = new ParameterArena(gpu.device, { w: [4], b: [4] });
    gpu.own(arena.paramBuffer);
    gpu.own(arena.gradBuffer);
    const optimizer = await Optimizer.create(gpu.device, arena.parameters, adam());
    const b = arena.parameters[1]!;
    const { param } = b;
    expect(() => ((param as GPUBufferBinding).offset = 0)).toThrow(TypeError);
    b.param = gpu.buffer(4);
    const step = () => {
      optimizer.step();
    };
    await expectRefused(step, ParameterError, 'param of "b" was assigned anew');
    await expectRefused(step, ParameterError, 'param of "b" was assigned anew');
    b.param = param;
    step();
    expect(optimizer.paramGroups[0]!.step).toBe(1);
    optimizer.destroy();
  });

  it("is accepted as a binding of the whole of the same buffer", async ({ gpu }) => {
    const running = await stepped(gpu, rule);
    const [, , c] = running.parameters;
    c.param = { buffer: c.param as GPUBuffer };
    running.optimizer.step();
    running.optimizer.destroy();
  });
});

describe("zeroGrad()", () => {
  it.for(["a group that is stepped", "a frozen group"])(
    "is refused for a gradient without COPY_DST in %s, and nothing is cleared",
    async (where, { gpu }) => {
      const clearable = { param: gpu.buffer(4), grad: gpu.buffer([1, 2, 3, 4]) };
      const fixed = { name: "fixed", param: gpu.buffer(4), grad: gpu.buffer(4, STORAGE | COPY_SRC) };
      const groups = [{ params: [clearable] }, { params: [fixed], frozen: where === "a frozen group" }];
      const optimizer = await Optimizer.create(gpu.device, groups, adam());
      const encoder = gpu.device.createCommandEncoder();
      const clear = vi.spyOn(encoder, "clearBuffer");
      const message =
        'zeroGrad: grad of "fixed" lacks the usage COPY_DST; create the buffer with GPUBufferUsage.COPY_DST';
      for (const options of [{}, { encoder }]) {
        const zeroGrad = () => {
          optimizer.zeroGrad(options);
        };
        await expectRefused(zeroGrad, ParameterError, message);
      }
      expect(clear).not.toHaveBeenCalled();
      gpu.device.queue.submit([encoder.finish()]);
      expect([...(await gpu.read(clearable.grad))]).toEqual([1, 2, 3, 4]);
      optimizer.step();
      optimizer.destroy();
    },
  );

  it("needs COPY_DST of no gradient until it is called", async ({ gpu }) => {
    const params = [{ param: gpu.buffer(4), grad: gpu.buffer(4, STORAGE | COPY_SRC) }];
    const optimizer = await Optimizer.create(gpu.device, params, adam());
    optimizer.step();
    optimizer.destroy();
  });
});
