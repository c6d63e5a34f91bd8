// A rule written outside the package, on the GPU: one step by bounds of its own, a run, a state saved and loaded.
import { describe, expect } from "vitest";
import { Optimizer } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { adan, type AdanOptions } from "../../demo/rules/adan";
import { max, quotient, type BoundedRule, type Case, type Scales } from "../../src/conformance/bounds";
import { randomStart, regimes } from "../../src/conformance/inputs";
import { measureStep } from "../../src/conformance/one-step";
import { Scratch } from "../../src/conformance/scratch";
import { asAnyRule } from "../../src/conformance/variants";
import { it } from "../support/gpu";
import { Random } from "../support/random";

/** Adan's bounds: the scheme of src/conformance/bounds.ts, its difference and square taken at their scales. */
const bounded: BoundedRule = {
  coupled: () => 0,
  scales(options: AdanOptions, { lr, step, param, before, after, g }: Case): Scales {
    const [beta1, beta2, beta3] = options.betas;
    const d = step === 1 ? 0 : g + Math.abs(before.prevGrad!);
    const u = g + beta2 * d;
    const m = max(before.expAvg!, after.expAvg!, (1 - beta1) * g);
    const n = max(before.expAvgDiff!, after.expAvgDiff!, (1 - beta2) * d);
    const q = max(before.expAvgSq!, after.expAvgSq!, (1 - beta3) * u * u);
    const numerator = (lr / (1 - beta1 ** step)) * m + ((lr * beta2) / (1 - beta2 ** step)) * n;
    // The square's error, which is relative to its scale and not to itself where g and the difference cancel.
    const error = 4 * 2 ** -23 * q;
    const { size, spread } = quotient(
      numerator,
      after.expAvgSq!,
      1 / Math.sqrt(1 - beta3 ** step),
      options.eps,
      error,
    );
    const state = { expAvg: m, expAvgDiff: n, expAvgSq: q, prevGrad: g };
    return { state, update: lr * options.weightDecay * Math.abs(param) + size, spread };
  },
};

const variants: Partial<AdanOptions>[] = [
  {},
  { lr: 0.25 },
  { betas: [0.5, 0.9, 0.999] },
  { betas: [0, 0, 0] },
  { eps: 0.1 },
  { weightDecay: 0.1 },
  { weightDecay: 0.1, noProx: true },
];

describe("adan", () => {
  for (const options of variants) {
    it(`takes steps 1, 2 and 100 within the bounds with ${JSON.stringify(options)}`, async ({ gpu }) => {
      const scratch = new Scratch(gpu.device);
      const rule = asAnyRule(adan(options));
      for (const regime of regimes) {
        for (const step of [0, 1, 99]) {
          const start = randomStart(rule, 257, { step, regime, seed: step + 1 });
          const measurements = await measureStep(scratch, rule, start, { bounded });
          const beyond = measurements.filter(({ error, bound }) => !(error <= bound));
          expect(beyond, `${regime.name} gradients, step ${step + 1}`).toEqual([]);
        }
      }
      scratch.destroy();
    });
  }

  it("follows its reference for 50 steps, saved and loaded in mid-run, in two groups", async ({ gpu }) => {
    const random = new Random(2);
    const [first, second] = [random.normals(70), random.normals(5)];
    const arrays = [first, second].map((values) => ({
      param: Float64Array.from(values),
      grad: new Float32Array(values.length),
    }));
    const buffers = [first, second].map((values) => ({
      param: gpu.buffer(values),
      grad: gpu.buffer(values.length),
    }));
    const groups = <P>([a, b]: P[]) => [{ params: [a!] }, { params: [b!], lr: 0.01, weightDecay: 0.1 }];
    const reference = new ReferenceOptimizer(groups(arrays), adan());
    let optimizer = await Optimizer.create(gpu.device, groups(buffers), adan());
    for (let step = 0; step < 50; step++) {
      arrays.forEach(({ grad }, index) => {
        grad.set(random.normals(grad.length));
        gpu.write(buffers[index]!.grad, grad);
      });
      optimizer.step();
      reference.step();
      if (step !== 20) continue;
      const saved = await optimizer.stateDict();
      optimizer.destroy();
      optimizer = await Optimizer.create(gpu.device, groups(buffers), adan());
      optimizer.loadStateDict(saved);
    }
    for (const [index, { param }] of arrays.entries()) {
      const stepped = await gpu.read(buffers[index]!.param);
      stepped.forEach((value, i) => {
        expect(Math.abs(value - param[i]!)).toBeLessThan(5e-6);
      });
    }
    optimizer.destroy();
  });
});
