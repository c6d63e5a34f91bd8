// Ten thousand noisy steps without drift; and, measured, where float32 cannot follow float64.
import { describe, expect } from "vitest";
import { adabelief, Optimizer, type StateDict } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { Scratch } from "../../src/conformance/scratch";
import { measureTrajectory } from "../../src/conformance/trajectory";
import { it, type Gpu } from "../support/gpu";
import { Random } from "../support/random";
import { allRules } from "../support/rules";

const breathe = () => new Promise<void>((resolve) => setTimeout(resolve));

describe("10 000 noisy steps of 180 elements", () => {
  // Measured on SwiftShader, with eps joining the deviation before s: medians of 3.7e-7 and 3.8e-7, signed means of 1e-8
  // and 4e-8, and both use 1 % of the parameters' bound.
  it.for(["adam", "adabelief"])(
    "of %s stay within the trajectory bounds, without drift",
    async (name, { gpu }) => {
      const scratch = new Scratch(gpu.device);
      const rule = allRules.find((candidate) => candidate.name === name)!.make();
      const run = { length: 180, steps: 10_000, seed: 5 };
      const measurements = await measureTrajectory(scratch, rule, run, breathe);
      scratch.destroy();
      expect(measurements).toHaveLength(4);
      expect(measurements.filter(({ error, bound }) => !(error <= bound))).toEqual([]);
    },
  );
});

/** Elements of each order of magnitude. */
const EACH = 24;
/** Median of the relative error of a second moment, as for any trajectory. */
const MEDIAN_ERROR = 1e-6;
/** Signed mean of {@link EACH} elements whose errors scatter by 6e-7: four standard deviations of it. */
const DRIFT = 5e-7;

describe("3000 noisy steps, each order of magnitude by itself", () => {
  // A drift up at one magnitude and down at another cancels in a mean over all of them: adding the same eps to s after all
  // else rounds it to the same side in every step, by how eps lies in the ulp of s.
  it.for([
    ["adam", "expAvgSq", {}],
    ["adabelief", "expAvgVar", {}],
    ["adabelief", "expAvgVar", { amsgrad: true }],
    ["adabelief", "expAvgVar", { eps: 1e-12 }],
  ] as const)("of %s leave no drift in %s with %j", async ([name, slot, options], { gpu }) => {
    const random = new Random(7);
    const rule = allRules.find((candidate) => candidate.name === name)!.make(options);
    const length = 9 * EACH;
    const buffers = { name: "w", param: gpu.buffer(length), grad: gpu.buffer(length) };
    const grad = new Float32Array(length);
    const optimizer = await Optimizer.create(gpu.device, [buffers], rule);
    const reference = new ReferenceOptimizer([{ name: "w", param: new Float64Array(length), grad }], rule);
    for (let step = 0; step < 3000; step++) {
      for (let i = 0; i < length; i++) grad[i] = 10 ** (Math.floor(i / EACH) - 6) * (0.3 + random.normal());
      gpu.write(buffers.grad, grad);
      optimizer.step();
      reference.step();
      if (step % 500 === 499) await breathe();
    }
    const actual = (await optimizer.stateDict()).state.w![slot]!;
    const expected = reference.stateDict().state.w![slot]!;
    optimizer.destroy();
    const drifting = Array.from({ length: 9 }, (_, magnitude) => {
      const first = magnitude * EACH;
      const errors = Array.from(
        expected.subarray(first, first + EACH),
        (value, i) => (actual[first + i]! - value) / value,
      );
      const mean = errors.reduce((sum, error) => sum + error, 0) / EACH;
      const median = errors.map(Math.abs).sort((a, b) => a - b)[EACH / 2]!;
      return { gradients: `1e${magnitude - 6}`, median, mean };
    }).filter(({ median, mean }) => !(median <= MEDIAN_ERROR && Math.abs(mean) <= DRIFT));
    expect(drifting).toEqual([]);
  });
});

/** Completed steps before the first one here: bias corrections are 1, the first deviations are forgotten. */
const SETTLED = 40_000;
const LENGTH = 64;

/**
 * Steps AdaBelief under gradients c·(1 + noise·normal) from a state that has settled there, m = c and s = (noise·c)²,
 * and returns what the relative errors of expAvgVar come to.
 */
async function nearlyConstant(gpu: Gpu, noise: number, steps: number) {
  const random = new Random(3);
  const center = Float32Array.from({ length: LENGTH }, () => 10 ** random.normal());
  const buffers = { name: "w", param: gpu.buffer(LENGTH), grad: gpu.buffer(LENGTH) };
  const [param, grad] = [new Float64Array(LENGTH), new Float32Array(LENGTH)];
  const optimizer = await Optimizer.create(gpu.device, [buffers], adabelief());
  const reference = new ReferenceOptimizer([{ name: "w", param, grad }], adabelief());
  const settled: StateDict = {
    format: "webgpu-optim",
    version: 1,
    rule: "adabelief",
    groups: [{ options: {}, step: SETTLED, params: ["w"] }],
    state: { w: { expAvg: center, expAvgVar: center.map((c) => (noise * c) ** 2) } },
  };
  optimizer.loadStateDict(settled);
  reference.loadStateDict(settled);
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < LENGTH; i++) grad[i] = center[i]! * (1 + noise * random.normal());
    gpu.write(buffers.grad, grad);
    optimizer.step();
    reference.step();
    if (step % 500 === 499) await breathe();
  }
  const actual = (await optimizer.stateDict()).state.w!;
  const expected = reference.stateDict().state.w!;
  const stepped = await gpu.read(buffers.param);
  optimizer.destroy();
  const errors = [...expected.expAvgVar!].map((value, i) => Math.abs(actual.expAvgVar![i]! - value) / value);
  const median = errors.sort((a, b) => a - b)[LENGTH / 2]!;
  return { median, worst: errors.at(-1)!, values: [...stepped, ...actual.expAvg!, ...actual.expAvgVar!] };
}

describe("AdaBelief after 4000 steps of a nearly constant gradient", () => {
  // Measured on SwiftShader, medians: 4.2e-7, 3.7e-7, 1.0e-6, 1.0e-5, 9.2e-5, 1.5e-3. What limits it is the rounding of the
  // mean m: half an ulp of it is up to 6e-8 of c, against deviations of noise · c.
  it.for([
    [1, 0, 1e-6],
    [1e-1, 0, 1e-6],
    [1e-3, 0, 1e-5],
    [1e-4, 1e-6, 1e-4],
    [1e-5, 1e-5, 1e-3],
    [1e-6, 1e-4, 1e-2],
  ] as const)(
    "of relative noise %d has an expAvgVar whose median error is between %d and %d, and stays finite",
    async ([noise, least, most], { gpu }) => {
      const { median, worst, values } = await nearlyConstant(gpu, noise, 4000);
      expect(median).toBeGreaterThan(least);
      expect(median).toBeLessThanOrEqual(most);
      expect(worst).toBeLessThan(1);
      expect(values.every(Number.isFinite)).toBe(true);
    },
  );
});
