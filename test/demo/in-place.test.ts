// The next forward pass of jax-js sees a step that the optimizer made in place, and no other array does.
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../demo/shared/random";
import { Demo } from "./demo";
import type { Outcome, Problem } from "./in-place.page";

const CODE = fileURLToPath(new URL("./in-place.page.ts", import.meta.url));

const random = seededRandom(7);
const numbers = (count: number) => Array.from({ length: count }, () => Math.fround(2 * random() - 1));

const problem: Problem = {
  batch: 4,
  inputs: 5,
  classes: 3,
  images: numbers(20),
  labels: [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0],
  weight: numbers(15),
  // All equal: jax-js keeps such a small array as a constant until its memory is asked for.
  bias: [0, 0, 0],
  lr: 0.05,
  stepCount: 20,
};

// Logits are sums of 5 products of size 1 in float32, and each step moves a weight by lr with an error of the gradient's
// relative error, some 1e-6: after 20 steps at most 20·0.05·1e-6·6. Measured in software: 3e-7.
const LOGIT_BOUND = 1e-5;

function linear({ batch, inputs, classes, images }: Problem, weight: number[], bias: number[]): number[] {
  return Array.from({ length: batch * classes }, (_, index) => {
    const row = Math.floor(index / classes);
    const column = index % classes;
    let sum = bias[column]!;
    for (let input = 0; input < inputs; input++) {
      sum += images[row * inputs + input]! * weight[input * classes + column]!;
    }
    return sum;
  });
}

/** Gradient of the mean cross-entropy with respect to the logits: (softmax − labels) / batch. */
function logitGradient({ batch, classes, labels }: Problem, logits: number[]): number[] {
  return logits.map((logit, index) => {
    const first = index - (index % classes);
    const total = logits.slice(first, first + classes).reduce((sum, other) => sum + Math.exp(other), 0);
    return (Math.exp(logit) / total - labels[index]!) / batch;
  });
}

/** Adam as its paper has it, in float64. */
function adamStep(
  lr: number,
  step: number,
  values: number[],
  state: { m: number; v: number }[],
  gradient: number[],
) {
  return values.map((value, index) => {
    const slot = state[index]!;
    const g = gradient[index]!;
    slot.m = 0.9 * slot.m + 0.1 * g;
    slot.v = 0.999 * slot.v + 0.001 * g * g;
    const mean = slot.m / (1 - 0.9 ** step);
    const variance = slot.v / (1 - 0.999 ** step);
    return value - (lr * mean) / (Math.sqrt(variance) + 1e-8);
  });
}

/** The logits before any step and after each. */
function expectedLogits(given: Problem): number[][] {
  const { batch, inputs, classes, images, lr, stepCount } = given;
  let { weight, bias } = given;
  const zeros = (count: number) => Array.from({ length: count }, () => ({ m: 0, v: 0 }));
  const weightState = zeros(weight.length);
  const biasState = zeros(bias.length);
  const all = [linear(given, weight, bias)];
  for (let step = 1; step <= stepCount; step++) {
    const delta = logitGradient(given, all.at(-1)!);
    const rows = [...Array(batch).keys()];
    const weightGradient = weight.map((_, index) => {
      const input = Math.floor(index / classes);
      return rows.reduce(
        (sum, r) => sum + images[r * inputs + input]! * delta[r * classes + (index % classes)]!,
        0,
      );
    });
    const biasGradient = bias.map((_, column) =>
      rows.reduce((sum, r) => sum + delta[r * classes + column]!, 0),
    );
    weight = adamStep(lr, step, weight, weightState, weightGradient);
    bias = adamStep(lr, step, bias, biasState, biasGradient);
    all.push(linear(given, weight, bias));
  }
  return all;
}

describe("weights of jax-js stepped in place", () => {
  let demo: Demo;
  let outcome: Outcome;

  beforeAll(async () => {
    demo = await Demo.start();
    outcome = await demo.runModule<Outcome>(CODE, problem);
  });

  afterAll(() => demo.stop());

  it(`gives the next forward pass the logits after each of ${problem.stepCount} Adam steps`, () => {
    const expected = expectedLogits(problem);
    const errors = outcome.logits.map((logits, step) =>
      Math.max(...logits.map((logit, index) => Math.abs(logit - expected[step]![index]!))),
    );
    expect(outcome.logits).toHaveLength(problem.stepCount + 1);
    expect(Math.max(...errors), `largest error after each step: ${errors.join(", ")}`).toBeLessThan(
      LOGIT_BOUND,
    );
    // The steps are far larger than the bound: logits that miss one would be seen.
    const moved = expected[1]!.map((logit, index) => Math.abs(logit - expected[0]![index]!));
    expect(Math.min(...moved)).toBeGreaterThan(100 * LOGIT_BOUND);
  });

  it("was given several gradient buffers", () => {
    expect(outcome.gradientBufferCount).toBeGreaterThan(1);
  });

  it("changes the weights that jax-js reads, and no array beside them", () => {
    expect(outcome.weight).not.toEqual(problem.weight);
    expect(outcome.bias).not.toEqual(problem.bias);
    expect(outcome.weightCopy).toEqual(problem.weight);
    expect(outcome.biasCopy).toEqual(problem.bias);
    expect(outcome.biasTwin).toEqual(problem.bias);
  });

  it("leaves the console empty", () => {
    expect(demo.complaints).toEqual([]);
  });
});
