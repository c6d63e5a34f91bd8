// What an optimizer allocates and what it starts from: initial values, rules without state, structural options.
import { describe, expect } from "vitest";
import { adagrad, Optimizer, OptionError, ParameterArena, sgd } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { SLOT_BYTES, structCount } from "../../src/gpu/state-layout";
import { ulp } from "../../src/conformance/bounds";
import { it, type Gpu } from "../support/gpu";
import { Random } from "../support/random";
import { watchBuffers } from "../support/refusals";
import { allRules, asSomeRule, describeOptions, structuresOf } from "../support/rules";
import { assigning, expectStepRefused, stepped } from "../support/stepped";

const SIZES = [0, 1, 257];

/** A parameter of random values, with its gradient, on both sides. */
function tensor(gpu: Gpu, name: string, length: number) {
  const random = new Random(length + 1);
  const [values, gradient] = [random.normals(length), random.normals(length)];
  const gpuSide = { name, param: gpu.buffer(values), grad: gpu.buffer(gradient) };
  return { gpuSide, values, gradient, cpuSide: { name, param: Float64Array.from(values), grad: gradient } };
}

const isState = ({ label }: GPUBuffer) => label.endsWith("/state");

/** One rounding of the parameter and of the update, whose quotient and root carry 2e-6 (src/conformance/bounds.ts). */
function expectClose(actual: Float32Array, expected: Float64Array, before: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    const bound = ulp(Math.max(Math.abs(expected[i]!), Math.abs(before[i]!)));
    const moved = Math.abs(expected[i]! - before[i]!);
    expect(Math.abs(value - expected[i]!), `element ${i}`).toBeLessThanOrEqual(bound + 2e-6 * moved);
  });
}

describe("the initial value of Adagrad's sum", () => {
  it.for(SIZES)("is in stateDict() before any step, of %d elements", async (length, { gpu }) => {
    const { gpuSide } = tensor(gpu, "w", length);
    const rule = adagrad({ initialAccumulatorValue: 0.1 });
    const optimizer = await Optimizer.create(gpu.device, [gpuSide], rule);
    const { state } = await optimizer.stateDict();
    expect(state).toEqual({ w: { sum: new Float32Array(length).fill(0.1) } });
    optimizer.destroy();
  });

  it("fills every slice of an arena and the padded tails between them, and a step adds to it", async ({
    gpu,
  }) => {
    const shapes: Record<string, [number, number]> = {
      a: [1, 1],
      b: [3, 1],
      none: [0, 4],
      c: [5, 13],
      d: [257, 1],
      e: [8, 8],
    };
    const arena = new ParameterArena(gpu.device, shapes);
    gpu.own(arena.paramBuffer);
    gpu.own(arena.gradBuffer);
    const watch = watchBuffers(gpu.device);
    const rule = adagrad({ initialAccumulatorValue: 0.25 });
    const optimizer = await Optimizer.create(gpu.device, arena.parameters, rule);
    watch.stop();
    const states = watch.created.filter(isState);
    expect(states).toHaveLength(1);
    const floats = await gpu.read(states[0]!);
    expect(floats).toEqual(new Float32Array(floats.length).fill(0.25));
    expect(floats.length).toBeGreaterThanOrEqual(1 + 3 + 65 + 257 + 64);

    gpu.write(arena.gradBuffer, new Float32Array(arena.gradBuffer.size / 4).fill(0.5));
    optimizer.step();
    const { state } = await optimizer.stateDict();
    for (const [name, [rows, columns]] of Object.entries(shapes)) {
      expect(state[name]!.sum, name).toEqual(new Float32Array(rows * columns).fill(0.5));
    }
    optimizer.destroy();
  });

  it("belongs to its group, and to one that is added after steps", async ({ gpu }) => {
    const [a, b, c] = [tensor(gpu, "a", 3), tensor(gpu, "b", 4), tensor(gpu, "c", 5)];
    const groups = [{ params: [a.gpuSide] }, { params: [b.gpuSide], initialAccumulatorValue: 2 }];
    const optimizer = await Optimizer.create(gpu.device, groups, adagrad());
    optimizer.step();
    await optimizer.addParamGroup({ params: [c.gpuSide], initialAccumulatorValue: 3 });
    const { state } = await optimizer.stateDict();
    expect(state.a!.sum).toEqual(a.gradient.map((g) => Math.fround(g * g)));
    expect(state.c!.sum).toEqual(new Float32Array(5).fill(3));
    for (const [i, g] of b.gradient.entries()) expect(state.b!.sum![i]).toBeCloseTo(2 + g * g, 5);
    optimizer.destroy();
  });

  it.for(SIZES)(
    "steps as the reference does from it, and a later change does nothing: %d elements",
    async (length, { gpu }) => {
      const { gpuSide, cpuSide, values } = tensor(gpu, "w", length);
      const rule = adagrad({ lr: 0.5, initialAccumulatorValue: 0.1 });
      const optimizer = await Optimizer.create(gpu.device, [gpuSide], rule);
      const reference = new ReferenceOptimizer([cpuSide], rule);
      optimizer.paramGroups[0]!.initialAccumulatorValue = 1e6;
      optimizer.step();
      reference.step();
      expectClose(await gpu.read(gpuSide.param), cpuSide.param, values);
      optimizer.destroy();
    },
  );
});

describe("SGD without momentum", () => {
  it.for(SIZES)("allocates no state, and steps %d elements right", async (length, { gpu }) => {
    const { gpuSide, cpuSide, values, gradient } = tensor(gpu, "w", length);
    const rule = sgd({ lr: 0.1, weightDecay: 0.25 });
    const watch = watchBuffers(gpu.device);
    const optimizer = await Optimizer.create(gpu.device, [gpuSide], rule);
    optimizer.step({ gradScale: 0.5 });
    watch.stop();
    expect(watch.created.filter(isState)).toEqual([]);
    const reference = new ReferenceOptimizer([cpuSide], rule);
    reference.step({ gradScale: 0.5 });
    expectClose(await gpu.read(gpuSide.param), cpuSide.param, values);
    expect(await gpu.read(gpuSide.grad)).toEqual(gradient);
    expect((await optimizer.stateDict()).state).toEqual({ w: {} });
    optimizer.destroy();
  });

  it("steps an arena and tensors in one buffer with their gradients, neighbours untouched", async ({
    gpu,
  }) => {
    const arena = new ParameterArena(gpu.device, { a: [1], b: [257], none: [0], c: [5] });
    gpu.own(arena.paramBuffer);
    gpu.own(arena.gradBuffer);
    gpu.write(arena.gradBuffer, new Float32Array(arena.gradBuffer.size / 4).fill(2));
    const memory = gpu.buffer(new Float32Array(700).fill(2));
    const part = (offset: number, size: number) => ({ buffer: memory, offset: offset * 4, size: size * 4 });
    const shared = [
      { name: "x", param: part(1, 257), grad: part(300, 257) },
      { name: "y", param: part(600, 1), grad: part(602, 1) },
    ];
    const optimizer = await Optimizer.create(
      gpu.device,
      [{ params: arena.parameters }, { params: shared }],
      sgd({ lr: 0.25 }),
    );
    optimizer.step();
    optimizer.step();
    for (const [name, length] of [
      ["a", 1],
      ["b", 257],
      ["c", 5],
    ] as const) {
      expect(await arena.read(name)).toEqual(new Float32Array(length).fill(-1));
    }
    const expected = new Float32Array(700).fill(2).fill(1, 1, 258).fill(1, 600, 601);
    expect(await gpu.read(memory)).toEqual(expected);
    optimizer.destroy();
  });

  it("saves and loads in mid-run: the step count and nothing else", async ({ gpu }) => {
    const { gpuSide, cpuSide, values } = tensor(gpu, "w", 257);
    const rule = sgd({ lr: (step) => 1 / (step + 1) });
    const first = await Optimizer.create(gpu.device, [gpuSide], rule);
    first.step();
    const saved = await first.stateDict();
    first.destroy();
    const second = await Optimizer.create(gpu.device, [gpuSide], rule);
    second.loadStateDict(saved);
    second.step();
    const reference = new ReferenceOptimizer([cpuSide], rule);
    reference.step();
    reference.step();
    expect(second.paramGroups[0]!.step).toBe(2);
    const actual = await gpu.read(gpuSide.param);
    // Two roundings of values of about 1.
    actual.forEach((value, i) => {
      expect(Math.abs(value - cpuSide.param[i]!)).toBeLessThan(2 * ulp(4 + Math.abs(values[i]!)));
    });
    second.destroy();
  });

  it("stands beside a group with momentum, which alone has a state", async ({ gpu }) => {
    const [a, b] = [tensor(gpu, "a", 5), tensor(gpu, "b", 6)];
    const watch = watchBuffers(gpu.device);
    const groups = [{ params: [a.gpuSide] }, { params: [b.gpuSide], momentum: 0.9 }];
    const optimizer = await Optimizer.create(gpu.device, groups, sgd());
    watch.stop();
    expect(watch.created.filter(isState).map(({ size }) => size)).toEqual([structCount(6) * SLOT_BYTES]);
    optimizer.step();
    expect((await optimizer.stateDict()).state).toEqual({ a: {}, b: { momentumBuffer: b.gradient } });
    optimizer.destroy();
  });
});

for (const { name, make } of allRules) {
  describe(`${name} allocates exactly its slots, zero or the initial value`, () => {
    for (const rule of structuresOf(make()).map(make)) {
      const slots = rule.stateSlots(rule.defaults);
      it.for(SIZES)(
        `of %d elements: ${slots.join(", ") || "none"}, with ${describeOptions(rule)}`,
        async (length, { gpu }) => {
          const watch = watchBuffers(gpu.device);
          const { gpuSide } = tensor(gpu, "w", length);
          const optimizer = await Optimizer.create(gpu.device, [gpuSide], rule);
          watch.stop();
          const bytes = structCount(length) * slots.length * SLOT_BYTES;
          expect(watch.created.filter(isState).map(({ size }) => size)).toEqual(bytes > 0 ? [bytes] : []);
          const zeros = slots.map((slot) => [slot, new Float32Array(length)] as const);
          expect((await optimizer.stateDict()).state).toEqual({ w: Object.fromEntries(zeros) });
          optimizer.destroy();
          expect(watch.left().filter((label) => label.startsWith("webgpu-optim"))).toEqual([]);
        },
      );
    }
  });
}

describe("a structural option that changes", () => {
  it.for([
    ["sgd", "momentum", 0, 0.9],
    ["sgd", "momentum", 0.9, 0],
    ["rmsprop", "momentum", 0, 0.9],
    ["rmsprop", "momentum", 0.9, 0],
    ["rmsprop", "centered", false, true],
    ["rmsprop", "centered", true, false],
    ["adam", "amsgrad", false, true],
  ] as const)(
    "is refused at step(): %s, %s from %s to %s",
    async ([name, option, before, after], { gpu }) => {
      const { make } = allRules.find((rule) => rule.name === name)!;
      const run = await stepped(gpu, asSomeRule(make()), [{}, { [option]: before }]);
      const message = `${name}: ${option} was `;
      await expectStepRefused(
        gpu,
        run,
        assigning(run, option, after),
        OptionError,
        message,
        "(param group 1)",
      );
      run.optimizer.destroy();
    },
  );

  it.for(["sgd", "rmsprop"])(
    "is not momentum from 0.9 to 0.8, which %s takes as the reference does",
    async (name, { gpu }) => {
      const { gpuSide, cpuSide, values } = tensor(gpu, "w", 257);
      const rule = allRules.find((candidate) => candidate.name === name)!.make({ momentum: 0.9, lr: 0.1 });
      const optimizer = await Optimizer.create(gpu.device, [gpuSide], rule);
      const reference = new ReferenceOptimizer([cpuSide], rule);
      for (const momentum of [0.9, 0.8, 1.1]) {
        for (const stepping of [optimizer, reference]) {
          (stepping.paramGroups[0] as unknown as { momentum: number }).momentum = momentum;
          stepping.step();
        }
      }
      const actual = await gpu.read(gpuSide.param);
      // Three steps of at most 3 each, the bound of one step being 2e-6 of it and an ulp of the parameter.
      actual.forEach((value, i) => {
        const bound = 3 * ulp(Math.max(Math.abs(values[i]!), Math.abs(cpuSide.param[i]!)) + 3) + 3 * 3 * 2e-6;
        expect(Math.abs(value - cpuSide.param[i]!)).toBeLessThanOrEqual(bound);
      });
      optimizer.destroy();
    },
  );
});
