// Long runs of noisy gradients against the float64 reference: second moments close, and no drift to one side.
import { describe, expect } from "vitest";
import { Optimizer } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { it, type Gpu } from "../support/gpu";
import { Random } from "../support/random";
import { describeOptions, rules, type SomeRule } from "../support/rules";

const LENGTH = 1024;
const STEPS = 1000;

/** Median of |relative error| and mean of the signed one. */
function relativeErrors(actual: ArrayLike<number>, expected: ArrayLike<number>) {
  const errors = Array.from(expected, (value, i) => (actual[i]! - value) / Math.abs(value));
  const sorted = errors.map(Math.abs).sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, mean: errors.reduce((a, b) => a + b, 0) / errors.length };
}

async function run(gpu: Gpu, rule: SomeRule, noise: (random: Random, i: number) => number) {
  const random = new Random(11);
  const start = random.normals(LENGTH);
  const grad = new Float32Array(LENGTH);
  const buffers = { param: gpu.buffer(start), grad: gpu.buffer(LENGTH) };
  const optimizer = await Optimizer.create(gpu.device, [buffers], rule);
  const param = Float64Array.from(start);
  const reference = new ReferenceOptimizer([{ param, grad }], rule);
  for (let step = 0; step < STEPS; step++) {
    for (let i = 0; i < LENGTH; i++) grad[i] = noise(random, i);
    gpu.device.queue.writeBuffer(buffers.grad, 0, grad);
    optimizer.step();
    reference.step();
  }
  const actual = (await optimizer.stateDict()).state["0.0"]!;
  const expected = reference.stateDict().state["0.0"]!;
  const moved = Array.from(param, (value, i) => Math.abs(value - start[i]!));
  const result = { actual, expected, param, moved, stepped: await gpu.read(buffers.param) };
  optimizer.destroy();
  return result;
}

const variants = [{}, { amsgrad: true }, { weightDecay: 0.1 }];

for (const { name, make } of rules) {
  describe(name, () => {
    for (const rule of [...variants, ...(name === "adabelief" ? [{ rectify: true }] : [])].map(make)) {
      it(`follows the reference for ${STEPS} noisy steps with ${describeOptions(rule)}`, async ({ gpu }) => {
        // Gradients of many scales, with a mean, so that first moments do not vanish.
        const { actual, expected, param, stepped } = await run(gpu, rule, (random, i) => {
          return 10 ** ((i % 9) - 6) * (0.3 + random.normal());
        });
        for (const slot of rule.stateSlots(rule.defaults).slice(1)) {
          const { median, mean } = relativeErrors(actual[slot]!, expected[slot]!);
          expect(median, `median of ${slot}`).toBeLessThanOrEqual(1e-6);
          expect(Math.abs(mean), `signed mean of ${slot}`).toBeLessThanOrEqual(2e-7);
        }
        // Parameters: a thousand roundings of half an ulp of about 1, as a random walk, and moves right to 2e-6 each.
        const worst = Math.max(...Array.from(param, (value, i) => Math.abs(stepped[i]! - value)));
        expect(worst).toBeLessThanOrEqual(1e-5);
      });
    }
  });
}
