// Steps over a ParameterArena: many tensors, groups interleaved in one arena, and the padding between slices, which may
// be stepped but never shows.
import { describe, expect } from "vitest";
import { Optimizer, ParameterArena, adam, type Parameter } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { it, type Gpu } from "../support/gpu";
import { Random } from "../support/random";
import { rules, type SomeRule } from "../support/rules";

type Tensors = { name: string; param: Float32Array; grads: Float32Array[] }[];

/** Tensors of these lengths with random values and gradients for some steps. */
function randomTensors(lengths: number[], steps: number, seed: number): Tensors {
  const random = new Random(seed);
  return lengths.map((length, i) => ({
    name: `t${i}`,
    param: random.normals(length),
    grads: Array.from({ length: steps }, () => random.normals(length)),
  }));
}

/** An arena that holds the tensors, which ends with the test. */
function arenaOf(gpu: Gpu, tensors: Tensors): ParameterArena {
  const shapes = Object.fromEntries(tensors.map(({ name, param }) => [name, [param.length]]));
  const arena = new ParameterArena(gpu.device, shapes);
  gpu.own(arena.paramBuffer);
  gpu.own(arena.gradBuffer);
  for (const { name, param } of tensors) arena.write(name, param);
  return arena;
}

const writeGradients = (gpu: Gpu, arena: ParameterArena, tensors: Tensors, step: number) => {
  for (const { name, grads } of tensors) {
    gpu.write(arena.gradBuffer, grads[step]!, arena.get(name).grad.offset! / 4);
  }
};

const readAll = async (gpu: Gpu, arena: ParameterArena, tensors: Tensors) => {
  const all = await gpu.read(arena.paramBuffer);
  return tensors.map(({ name }) => {
    const { offset, size } = arena.get(name).param;
    return all.slice(offset! / 4, (offset! + size!) / 4);
  });
};

/** Each group of tensors in buffers of its own, stepped by an optimizer of its own. */
async function apart(
  gpu: Gpu,
  rule: SomeRule,
  groups: { tensors: Tensors; options: object }[],
  steps: number,
) {
  const results = new Map<string, Float32Array>();
  for (const { tensors, options } of groups) {
    const params = tensors.map(({ name, param, grads }) => ({
      name,
      param: gpu.buffer(param),
      grad: gpu.buffer(grads[0]!),
    }));
    const optimizer = await Optimizer.create(gpu.device, [{ params, ...options }], rule);
    for (let step = 0; step < steps; step++) {
      tensors.forEach(({ grads }, i) => {
        gpu.write(params[i]!.grad, grads[step]!);
      });
      optimizer.step();
    }
    for (const { name, param } of params) results.set(name, await gpu.read(param));
    optimizer.destroy();
  }
  return results;
}

const STEPS = 3;

for (const { name, make } of rules) {
  describe(name, () => {
    it("steps 1000 tensors of 0 to 100 elements as the reference does", async ({ gpu }) => {
      const random = new Random(8);
      const lengths = Array.from({ length: 1000 }, () => Math.floor(101 * random.uniform()));
      const tensors = randomTensors(lengths, STEPS, 9);
      const arena = arenaOf(gpu, tensors);
      const rule = make({ lr: 0.01, weightDecay: 0.1 });
      const optimizer = await Optimizer.create(gpu.device, arena.parameters, rule);
      const references = tensors.map((tensor) => ({
        name: tensor.name,
        param: Float64Array.from(tensor.param),
        grad: tensor.grads[0]!,
      }));
      const reference = new ReferenceOptimizer(references, rule);
      for (let step = 0; step < STEPS; step++) {
        writeGradients(gpu, arena, tensors, step);
        references.forEach((parameter, i) => (parameter.grad = tensors[i]!.grads[step]!));
        optimizer.step();
        reference.step();
      }
      const stepped = await readAll(gpu, arena, tensors);
      const state = (await optimizer.stateDict()).state;
      const expected = reference.stateDict().state;
      let [worst, worstState] = [0, 0];
      references.forEach(({ name: tensor, param }, i) => {
        expect(stepped[i]).toHaveLength(param.length);
        param.forEach((value, j) => (worst = Math.max(worst, Math.abs(stepped[i]![j]! - value))));
        for (const [slot, values] of Object.entries(expected[tensor]!)) {
          values.forEach(
            (value, j) => (worstState = Math.max(worstState, Math.abs(state[tensor]![slot]![j]! - value))),
          );
        }
      });
      // Each step rounds parameters below 8 by an ulp (4.8e-7) and moves them right to 2e-6 of lr times at most 10.
      expect(worst).toBeLessThanOrEqual(STEPS * (4.8e-7 + 2e-5 * 0.01));
      // Each step is right to 4 ulp of moments below 2.
      expect(worstState).toBeLessThanOrEqual(STEPS * 4 * 2 ** -23);
      optimizer.destroy();
    });

    it("steps two groups and a frozen one, interleaved in one arena, as it steps them apart, bit for bit", async ({
      gpu,
    }) => {
      const rule = make({ lr: 0.01 });
      const lengths = [5, 70, 64, 1, 0, 257, 63, 128, 3, 65, 64, 64, 7];
      const tensors = randomTensors(lengths, STEPS, 21);
      const options = [{}, { lr: 0.2, maximize: true, weightDecay: 0.3 }, { frozen: true }];
      const groups = options.map((own, group) => ({
        options: own,
        tensors: tensors.filter((_, i) => [0, 1, 0, 2, 1, 1, 0, 0, 2, 0, 1, 1, 0][i] === group),
      }));
      const arena = arenaOf(gpu, tensors);
      const parameterOf = (tensor: string) =>
        arena.parameters.find((parameter) => parameter.name === tensor)!;
      const optimizer = await Optimizer.create(
        gpu.device,
        groups.map((group) => ({ params: group.tensors.map((t) => parameterOf(t.name)), ...group.options })),
        rule,
      );
      for (let step = 0; step < STEPS; step++) {
        writeGradients(gpu, arena, tensors, step);
        optimizer.step();
      }
      const expected = await apart(gpu, rule, groups, STEPS);
      const stepped = await readAll(gpu, arena, tensors);
      tensors.forEach((tensor, i) => {
        expect(stepped[i], tensor.name).toEqual(expected.get(tensor.name));
      });
      for (const tensor of groups[2]!.tensors) expect(expected.get(tensor.name)).toEqual(tensor.param);
      optimizer.destroy();
    });
  });
}

const rule = rules[0]!.make({ lr: 0.1, weightDecay: 0.1 });

describe("the padding between slices", () => {
  it("may hold NaN in parameters and gradients: no tensor steps differently", async ({ gpu }) => {
    const tensors = randomTensors([5, 70, 1, 64, 3], STEPS, 4);
    const arena = arenaOf(gpu, tensors);
    for (const buffer of [arena.paramBuffer, arena.gradBuffer]) {
      gpu.write(buffer, new Float32Array(buffer.size / 4).fill(NaN));
    }
    for (const { name, param } of tensors) arena.write(name, param);
    const optimizer = await Optimizer.create(gpu.device, arena.parameters, rule);
    for (let step = 0; step < STEPS; step++) {
      writeGradients(gpu, arena, tensors, step);
      optimizer.step();
    }
    const expected = await apart(gpu, rule, [{ tensors, options: {} }], STEPS);
    expect(await readAll(gpu, arena, tensors)).toEqual(tensors.map(({ name }) => expected.get(name)));
    const { state } = await optimizer.stateDict();
    for (const slots of Object.values(state)) {
      for (const values of Object.values(slots)) expect(values.every(Number.isFinite)).toBe(true);
    }
    optimizer.destroy();
  });

  it("is not a tensor that the optimizer was not given", async ({ gpu }) => {
    const tensors = randomTensors([5, 5, 5, 5, 5], 1, 5);
    const arena = arenaOf(gpu, tensors);
    writeGradients(gpu, arena, tensors, 0);
    const given = [0, 2, 3].map((i) => arena.parameters[i]!);
    const optimizer = await Optimizer.create(gpu.device, given, rule);
    optimizer.step();
    const stepped = await readAll(gpu, arena, tensors);
    for (const i of [1, 4]) expect(stepped[i]).toEqual(tensors[i]!.param);
    for (const i of [0, 2, 3]) expect(stepped[i]).not.toEqual(tensors[i]!.param);
    optimizer.zeroGrad();
    const grads = await gpu.read(arena.gradBuffer);
    for (const i of [1, 4]) expect(grads.slice(i * 64, i * 64 + 5)).toEqual(tensors[i]!.grads[0]);
    for (const i of [0, 2, 3]) expect(grads.slice(i * 64, i * 64 + 5)).toEqual(new Float32Array(5));
    optimizer.destroy();
  });

  /** Parts of one slice of 192 elements, as the caller's own parameters. */
  const parts = (arena: ParameterArena, ranges: [first: number, length: number][]): Parameter[] =>
    ranges.map(([first, length]) => {
      const range = { offset: first * 4, size: length * 4 };
      return { param: { buffer: arena.paramBuffer, ...range }, grad: { buffer: arena.gradBuffer, ...range } };
    });

  /** An optimizer over three parts of the only slice of an arena. */
  const overParts = async (gpu: Gpu) => {
    const tensors = randomTensors([192], 1, 6);
    const arena = arenaOf(gpu, tensors);
    writeGradients(gpu, arena, tensors, 0);
    const params = parts(arena, [
      [0, 4],
      [64, 10],
      [128, 64],
    ]);
    const { param, grads } = tensors[0]!;
    return { arena, param, grad: grads[0]!, optimizer: await Optimizer.create(gpu.device, params, rule) };
  };

  it("is not what lies between parts of one slice: step() leaves those elements", async ({ gpu }) => {
    const { arena, param, optimizer } = await overParts(gpu);
    optimizer.step();
    const stepped = await arena.read("t0");
    expect(stepped.subarray(4, 64)).toEqual(param.subarray(4, 64));
    expect(stepped.subarray(74, 128)).toEqual(param.subarray(74, 128));
    expect(stepped[128]).not.toBe(param[128]);
    optimizer.destroy();
  });

  it("is not what lies between parts of one slice: zeroGrad() leaves those gradients", async ({ gpu }) => {
    const { arena, grad, optimizer } = await overParts(gpu);
    optimizer.zeroGrad();
    const cleared = await gpu.read(arena.gradBuffer);
    expect(cleared.subarray(4, 64)).toEqual(grad.subarray(4, 64));
    expect(cleared.subarray(74, 128)).toEqual(grad.subarray(74, 128));
    expect(cleared.subarray(128, 192)).toEqual(new Float32Array(64));
    optimizer.destroy();
  });

  it("is not a part of a slice that another group steps", async ({ gpu }) => {
    const tensors = randomTensors([192], 1, 7);
    const { param } = tensors[0]!;
    const arena = arenaOf(gpu, tensors);
    writeGradients(gpu, arena, tensors, 0);
    const groups = [
      {
        params: parts(arena, [
          [0, 4],
          [64, 128],
        ]),
      },
      { params: parts(arena, [[4, 60]]), frozen: true },
    ];
    const optimizer = await Optimizer.create(gpu.device, groups, rule);
    optimizer.step();
    const [stepped] = await readAll(gpu, arena, tensors);
    expect(stepped!.subarray(4, 64)).toEqual(param.subarray(4, 64));
    optimizer.destroy();
  });

  const layouts: [string, stepped: number[], inGradients: number[]][] = [
    ["in another order", [0, 1, 2, 3, 4, 5], [5, 3, 4, 0, 1, 2]],
    ["next to each other where parameters are not", [0, 2, 3, 5], [0, 2, 3, 5]],
    ["apart where parameters are next to each other", [1, 2, 4], [1, 0, 2, 3, 4]],
  ];
  for (const [what, given, inGradients] of layouts) {
    it(`is stepped with the gradients of another arena, ${what}`, async ({ gpu }) => {
      const tensors = randomTensors([64, 64, 70, 70, 64, 3], STEPS, 30);
      const arena = arenaOf(gpu, tensors);
      const gradients = arenaOf(
        gpu,
        inGradients.map((i) => tensors[i]!),
      );
      const chosen = given.map((i) => tensors[i]!);
      const params = given.map((i) => ({
        ...arena.parameters[i]!,
        grad: gradients.get(tensors[i]!.name).grad,
      }));
      const optimizer = await Optimizer.create(gpu.device, params, rule);
      for (let step = 0; step < STEPS; step++) {
        writeGradients(gpu, gradients, chosen, step);
        optimizer.step();
      }
      const expected = await apart(gpu, rule, [{ tensors: chosen, options: {} }], STEPS);
      const stepped = await readAll(gpu, arena, tensors);
      tensors.forEach(({ name, param }, i) => {
        expect(stepped[i], name).toEqual(expected.get(name) ?? param);
      });
      optimizer.destroy();
    });
  }

  it("is stepped with gradients that moved to a buffer without padding, and back", async ({ gpu }) => {
    const tensors = randomTensors([5, 70, 3], 2, 10);
    const arena = arenaOf(gpu, tensors);
    const optimizer = await Optimizer.create(gpu.device, arena.parameters, adam({ lr: 0.1 }));
    // The same offsets as in the arena, so that only the gaps between them are another's.
    const plain = gpu.buffer(new Float32Array(arena.gradBuffer.size / 4).fill(NaN));
    writeGradients(gpu, arena, tensors, 0);
    optimizer.step();
    tensors.forEach(({ name, grads }, i) => {
      const { offset, size } = arena.get(name).grad;
      gpu.write(plain, grads[1]!, offset! / 4);
      arena.parameters[i]!.grad = { buffer: plain, offset: offset!, size: size! };
    });
    optimizer.step();
    for (const parameter of arena.parameters) parameter.grad = arena.get(parameter.name!).grad;
    optimizer.step();

    const sequence = tensors.map((tensor) => ({
      ...tensor,
      grads: [0, 1, 0].map((step) => tensor.grads[step]!),
    }));
    const expected = await apart(gpu, rules[0]!.make({ lr: 0.1 }), [{ tensors: sequence, options: {} }], 3);
    expect(await readAll(gpu, arena, tensors)).toEqual(tensors.map(({ name }) => expected.get(name)));
    optimizer.destroy();
  });
});
