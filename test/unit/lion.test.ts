// Lion against a second, independent implementation, in the order of google/automl's lion_pytorch.py, and against cases
// worked out by hand: PyTorch has none, so that no golden run covers it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lion, type LionOptions } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { Random } from "../support/random";

type Automl = { lr: number; betas: readonly [number, number]; weightDecay: number };

/** google/automl's step on all elements, line for line: decay, sign of the interpolation, step, momentum. */
function automlStep(
  { lr, betas: [b1, b2], weightDecay: wd }: Automl,
  p: number[],
  m: number[],
  g: number[],
): void {
  for (let i = 0; i < p.length; i++) {
    p[i]! *= 1 - lr * wd;
    const update = Math.sign(b1 * m[i]! + (1 - b1) * g[i]!);
    p[i]! -= lr * update;
    m[i] = b2 * m[i]! + (1 - b2) * g[i]!;
  }
}

/** An optimizer over a few elements that can be looked into. */
function stepper(options: Partial<LionOptions>, start: readonly number[]) {
  const [param, grad] = [Float64Array.from(start), new Float64Array(start.length)];
  const optimizer = new ReferenceOptimizer([{ name: "w", param, grad }], lion(options));
  const step = (gradient: readonly number[], gradScale = 1) => {
    grad.set(gradient);
    optimizer.step({ gradScale });
  };
  return { optimizer, param, step, expAvg: () => optimizer.stateDict().state.w!.expAvg! };
}

/**
 * Relative to the largest value of the element so far: both sides are float64, and differ in p·(1 − lr·wd) against
 * p − lr·wd·p. Their moments are the same expression, and so are their signs.
 */
const BOUND = 1e-12;

/** Steps both through random gradients; the worst difference by {@link BOUND}'s measure. */
function worstOf(options: Partial<LionOptions>, theirs: Automl, seed: number, steps = 100): number {
  const random = new Random(seed);
  const start = Array.from({ length: 16 }, () => random.normal());
  const [p, m] = [[...start], start.map(() => 0)];
  const scale = start.map(Math.abs);
  const ours = stepper(options, start);
  let worst = 0;
  for (let t = 0; t < steps; t++) {
    const gradient = p.map((_, i) => 10 ** ((i % 7) - 3) * (0.2 + random.normal()));
    automlStep(theirs, p, m, gradient);
    ours.step(gradient);
    const expAvg = ours.expAvg();
    p.forEach((value, i) => {
      scale[i] = Math.max(scale[i]!, Math.abs(value));
      const difference = Math.abs(ours.param[i]! - value) / scale[i];
      const ofMoment = Math.abs(expAvg[i]! - m[i]!) / Math.max(Math.abs(m[i]!), 1e-300);
      if (!(Math.max(difference, ofMoment) <= worst)) worst = Math.max(difference, ofMoment);
    });
  }
  return worst;
}

describe("lion against google/automl", () => {
  const cases: Partial<LionOptions>[] = [
    {},
    { lr: 1e-2 },
    { lr: 0.3, weightDecay: 0.5 },
    { weightDecay: 1 },
    { betas: [0.95, 0.98] },
    { betas: [0, 0.99] },
    { betas: [0.9, 0] },
    { betas: [0, 0] },
    { lr: 0 },
    { lr: 1e-3, betas: [0.5, 0.999], weightDecay: 10 },
  ];
  const full = (options: Partial<LionOptions>) =>
    ({ ...lion(options).defaults, lr: 1e-4, ...options }) as Automl;

  it.each(cases)("is the same for 100 random steps to 1e-12 with %j", (options) => {
    for (const seed of [1, 2, 3]) expect(worstOf(options, full(options), seed)).toBeLessThanOrEqual(BOUND);
  });

  it("is the same for 100 steps with any legal options", () => {
    const rate = fc.double({ min: 0, max: 0.9999, noNaN: true });
    const legal = fc.record({
      lr: fc.double({ min: 0, max: 0.5, noNaN: true }),
      betas: fc.tuple(rate, rate),
      weightDecay: fc.double({ min: 0, max: 2, noNaN: true }),
    });
    fc.assert(
      fc.property(legal, fc.integer(), (options, seed) => {
        expect(worstOf(options, options, seed)).toBeLessThanOrEqual(BOUND);
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it.each<[string, Automl]>([
    ["lr off by 1e-9", { ...full({}), lr: 1e-4 * (1 + 1e-9) }],
    ["betas swapped", { ...full({}), betas: [0.99, 0.9] }],
    ["betas[1] off by 1e-9", { ...full({}), betas: [0.9, 0.99 + 1e-9] }],
    ["a weight decay of 1e-6", { ...full({}), weightDecay: 1e-6 }],
  ])("and the comparison finds %s", (_, theirs) => {
    expect(worstOf({}, theirs, 1)).toBeGreaterThan(10 * BOUND);
  });
});

describe("lion by hand", () => {
  it("moves by lr against the gradient's sign in the first step, whatever its size, and not at all at 0", () => {
    const gradients = [1e-30, -1e-30, 3, -1e30, 0, -0];
    const { param, step, expAvg } = stepper({ lr: 0.25 }, [1, 1, 1, 1, 1, 1]);
    step(gradients);
    expect([...param]).toEqual([0.75, 1.25, 0.75, 1.25, 1, 1]);
    gradients.forEach((gradient, i) => {
      expect(expAvg()[i]).toBeCloseTo(0.01 * gradient, 15 - Math.max(0, Math.log10(Math.abs(gradient) || 1)));
    });
  });

  it("keeps going by its momentum: betas [0.5, 0.75], gradients 4, −2, −2, −2, 0", () => {
    const { param, step, expAvg } = stepper({ lr: 0.5, betas: [0.5, 0.75] }, [0]);
    const trace = [4, -2, -2, -2, 0].map((gradient) => {
      step([gradient]);
      return [param[0], expAvg()[0]];
    });
    // c: 2, then (1 − 2)/2 < 0, (0.25 − 2)/2 < 0, …; m: 1, then 0.75·1 − 0.5, …
    expect(trace).toEqual([
      [-0.5, 1],
      [0, 0.25],
      [0.5, -0.3125],
      [1, -0.734375],
      [1.5, -0.55078125],
    ]);
  });

  it("takes the sign of β1·m + (1 − β1)·g, not of the new momentum, and not of g", () => {
    // m = 1 after the first step; then c = 0.75·1 − 0.25·2 = 0.25 > 0 though g < 0 and the new m = 0.25 − 1.5 < 0.
    const { param, step, expAvg } = stepper({ lr: 1, betas: [0.75, 0.25] }, [0]);
    step([4 / 3]);
    step([-2]);
    expect(param[0]).toBe(-2);
    expect(expAvg()[0]).toBeCloseTo(-1.25, 15);
  });

  it("does not move where the interpolation is exactly 0, and remembers the gradient all the same", () => {
    const { param, step, expAvg } = stepper({ lr: 1, betas: [0.5, 0.5] }, [0]);
    step([2]);
    step([-1]);
    expect([param[0], expAvg()[0]]).toEqual([-1, 0]);
    step([0]);
    expect([param[0], expAvg()[0]]).toEqual([-1, 0]);
  });

  it("decays p by lr·weightDecay·p beside the step, from the p before it", () => {
    const { param, step } = stepper({ lr: 0.5, weightDecay: 0.5 }, [8, -8, 8]);
    step([1, 1, 0]);
    expect([...param]).toEqual([8 - 2 - 0.5, -8 + 2 - 0.5, 8 - 2]);
  });

  it("is not moved further by gradScale, which scales its momentum and turns it round", () => {
    const scaled = stepper({ lr: 0.5 }, [0]);
    scaled.step([3], 1 / 1024);
    expect(scaled.param[0]).toBe(-0.5);
    expect(scaled.expAvg()[0]).toBeCloseTo((0.01 * 3) / 1024, 18);
    const turned = stepper({ lr: 0.5 }, [0]);
    turned.step([3], -1);
    expect(turned.param[0]).toBe(0.5);
  });

  it("never moves an element by more than lr without decay, in 1000 steps of a schedule", () => {
    const random = new Random(8);
    const { param, step } = stepper({ lr: (t) => 1 / (t + 1) }, [0, 0, 0, 0]);
    for (let t = 0; t < 1000; t++) {
      const before = [...param];
      step(before.map(() => 10 ** (6 * random.normal()) * random.normal()));
      for (const [i, value] of before.entries()) {
        expect(Math.abs(Math.abs(param[i]! - value) - 1 / (t + 1))).toBeLessThan(1e-14);
      }
    }
  });
});
