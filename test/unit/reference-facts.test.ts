// Facts of the literature that the float64 reference must show, and AdaBelief against a second implementation of it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  adabelief,
  adam,
  adamw,
  type AdaBeliefOptions,
  type RuleOptions,
  type UpdateRule,
} from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { Random } from "../support/random";
import { asSomeRule } from "../support/rules";
import {
  adabeliefOptax,
  adabeliefPytorch,
  type TextbookOptions,
  type TextbookState,
} from "../support/textbook";

/** A one-element optimizer: what each step subtracts from the parameter, as the gradients come. */
function stepper<O extends RuleOptions>(rule: UpdateRule<O>, start = 0) {
  const parameter = { param: Float64Array.of(start), grad: new Float64Array(1) };
  const optimizer = new ReferenceOptimizer([parameter], rule);
  const step = (gradient: number): number => {
    const before = parameter.param[0]!;
    parameter.grad[0] = gradient;
    optimizer.step();
    return before - parameter.param[0]!;
  };
  const slot = (name: string): number => optimizer.stateDict().state["0.0"]![name]![0]!;
  return { step, slot, value: () => parameter.param[0]! };
}

describe("the first step", () => {
  const gradients = [1e-3, -2.5, 1e4, -1e-2];

  it.each(gradients)(
    "of AdaBelief is lr / beta1 = 1.111 lr against the sign of the gradient %s",
    (gradient) => {
      const moved = stepper(adabelief({ lr: 1e-2 })).step(gradient);
      expect(moved / (1e-2 * Math.sign(gradient))).toBeCloseTo(1 / 0.9, 6);
    },
  );

  it.each(gradients)("of Adam and AdamW is lr against the sign of the gradient %s", (gradient) => {
    for (const rule of [adam({ lr: 1e-2, eps: 0 }), adamw({ lr: 1e-2, eps: 0, weightDecay: 0 })]) {
      expect(stepper(rule).step(gradient) / (1e-2 * Math.sign(gradient))).toBeCloseTo(1, 14);
    }
  });

  it("of AdaBelief leaves (1 − beta2)·(beta1·g)² + eps in expAvgVar, of Adam (1 − beta2)·g² in expAvgSq", () => {
    const [belief, plain] = [stepper(adabelief({ eps: 1e-3 })), stepper(adam())];
    belief.step(2);
    plain.step(2);
    expect(belief.slot("expAvgVar")).toBeCloseTo(0.001 * 1.8 ** 2 + 1e-3, 15);
    expect(plain.slot("expAvgSq")).toBeCloseTo(0.001 * 4, 15);
  });
});

describe("AdaBelief under a constant gradient", () => {
  const moves = (options: Partial<AdaBeliefOptions>, steps: number) => {
    const { step } = stepper(adabelief({ lr: 1, ...options }));
    return Array.from({ length: steps }, () => step(1));
  };
  const plain = moves({}, 5000);

  it.each([
    [1, 1.11, 0.005],
    [10, 1.64, 0.005],
    [100, 4.96, 0.005],
    [1000, 20, 0.5],
    [5000, 186, 0.5],
  ])("steps by %i: lr times %f", (t, expected, rounding) => {
    expect(Math.abs(plain[t - 1]! - expected)).toBeLessThanOrEqual(rounding);
  });

  it("steps by 160 lr at t = 5000 with eps 1e-8", () => {
    expect(Math.abs(moves({ eps: 1e-8 }, 5000)[4999]! - 160)).toBeLessThanOrEqual(0.5);
  });

  it.each([0.5, 1, 1.3, 10])(
    "never moves by more than lr * maxUpdate with maxUpdate %f, and reaches it",
    (cap) => {
      const capped = moves({ maxUpdate: cap, lr: 0.25 }, 2000);
      // Each move is the difference of two rounded parameters.
      const spacing = 2 ** -40;
      expect(Math.max(...capped)).toBeLessThanOrEqual(0.25 * cap + spacing);
      expect(capped.at(-1)).toBeCloseTo(0.25 * cap, 11);
      const free = capped.filter((move) => move < 0.25 * cap - spacing);
      expect(free).toEqual(capped.slice(0, free.length));
      free.forEach((move, t) => {
        expect(move).toBeCloseTo(0.25 * plain[t]!, 11);
      });
    },
  );

  it("is capped from below too, and the decay stands outside the cap", () => {
    const rule = adabelief({ lr: 0.25, maxUpdate: 0.5, weightDecay: 0.5 });
    const { step } = stepper(rule, 8);
    expect(step(-1)).toBe(0.25 * 0.5 * 8 - 0.125);
  });

  it("is not capped by the default, Infinity, where one step is lr * 3e6", () => {
    const { step } = stepper(adabelief({ lr: 1, betas: [0.9, 0] }));
    for (let t = 0; t < 400; t++) step(1);
    expect(step(1)).toBeGreaterThan(1e6);
  });
});

describe("AdaBelief with rectify", () => {
  it("first rectifies at t = 6 with beta2 0.999: before, nothing moves without degeneratedToSgd", () => {
    const { step, slot } = stepper(adabelief({ rectify: true, degeneratedToSgd: false }));
    expect([1, 2, 3, 4, 5].map(() => step(1))).toEqual([0, 0, 0, 0, 0]);
    expect(slot("expAvg")).toBeCloseTo(1 - 0.9 ** 5, 14);
    expect(step(1)).toBeGreaterThan(0);
  });

  it("moves by lr * m / (1 − beta1^t) in steps 1 to 5 with degeneratedToSgd", () => {
    const { step, slot } = stepper(adabelief({ lr: 1, rectify: true }));
    for (let t = 1; t <= 5; t++) {
      expect(step(t)).toBeCloseTo(slot("expAvg") / (1 - 0.9 ** t), 13);
    }
    const sixth = step(6);
    expect(Math.abs(sixth - slot("expAvg") / (1 - 0.9 ** 6))).toBeGreaterThan(1);
  });

  it.each([
    [6, 0.0258, 4],
    [10, 0.049, 3],
    [100, 0.215, 3],
    [1000, 0.645, 3],
    [5000, 0.983, 3],
  ])("shortens step %i to %f of the unrectified", (t, expected, digits) => {
    const random = new Random(5);
    const gradients = Array.from({ length: t }, () => random.normal());
    const rectified = stepper(adabelief({ rectify: true }));
    const plain = stepper(adabelief());
    const ratios = gradients.map((g) => rectified.step(g) / plain.step(g));
    // Here sqrt(s) + eps is not corrected for bias, there it is, so that eps, 1e-16, is all that differs.
    expect(ratios.at(-1)).toBeCloseTo(expected, digits);
  });
});

describe("0 / 0", () => {
  it.each([
    ["adam", adam({ eps: 0 })],
    ["adam, amsgrad", adam({ eps: 0, amsgrad: true })],
    ["adamw", adamw({ eps: 0, weightDecay: 0 })],
    ["adabelief", adabelief({ eps: 0 })],
    ["adabelief, amsgrad", adabelief({ eps: 0, amsgrad: true })],
    ["adabelief, rectify", adabelief({ eps: 0, rectify: true })],
  ])("at a zero gradient with eps 0 is no move: %s", (_, rule) => {
    const { step, value } = stepper(asSomeRule(rule), 3);
    for (let t = 0; t < 10; t++) step(0);
    expect(value()).toBe(3);
  });

  it("leaves AdamW's decay: p − lr·weightDecay·p", () => {
    const { step } = stepper(adamw({ eps: 0, lr: 0.5, weightDecay: 0.5 }), 4);
    expect(step(0)).toBe(1);
  });
});

/**
 * Both sides are float64 and differ in rounding only, measured against the largest value of the element so far. Where
 * r nearly vanishes, g − m of the new m loses digits that beta1·(g − m) keeps, and with coupled decay the parameter
 * carries that on. Measured over 20 000 runs: 8e-12.
 */
const BOUND = 1e-10;

describe("AdaBelief against a second implementation", () => {
  const legal = fc
    .record({
      lr: fc.constantFrom(0, 1e-3, 0.1),
      // With beta1 near 0 r vanishes: the update is rounding noise over eps, in every implementation its own.
      betas: fc.tuple(
        fc.double({ min: 0.3, max: 0.99, noNaN: true }),
        fc.double({ min: 0.5, max: 0.9999, noNaN: true }),
      ),
      eps: fc.constantFrom(1e-16, 1e-8, 1e-3),
      weightDecay: fc.constantFrom(0, 1e-2, 0.3),
      weightDecouple: fc.boolean(),
      fixedDecay: fc.boolean(),
      rectify: fc.boolean(),
      degeneratedToSgd: fc.boolean(),
      amsgrad: fc.boolean(),
    })
    .filter(
      ({ weightDecouple, fixedDecay, rectify, amsgrad }) =>
        !(fixedDecay && !weightDecouple) && !(rectify && amsgrad),
    );

  /** The largest difference over 40 steps, as a part of the largest value so far. */
  const compare = (
    rule: UpdateRule<AdaBeliefOptions>,
    theirs: (state: TextbookState, gradient: number) => void,
    gradients: readonly number[],
  ): number => {
    const state: TextbookState = { p: 1, m: 0, s: 0, max: 0, t: 0 };
    const { step, slot, value } = stepper(rule, 1);
    const slots = rule.stateSlots(rule.defaults);
    let [worst, scaleP, scaleM] = [0, 1, 0];
    const note = (actual: number, expected: number, scale: number) => {
      const difference = Math.abs(actual - expected) / scale;
      if (!(difference <= worst)) worst = difference;
    };
    for (const gradient of gradients) {
      const before = state.p;
      theirs(state, gradient);
      step(gradient);
      scaleP = Math.max(scaleP, Math.abs(state.p), Math.abs(state.p - before));
      scaleM = Math.max(scaleM, Math.abs(state.m));
      note(value(), state.p, scaleP);
      note(slot("expAvg"), state.m, scaleM);
      note(slot("expAvgVar"), state.s, scaleM ** 2);
      if (slots.includes("maxExpAvgVar")) note(slot("maxExpAvgVar"), state.max, scaleM ** 2);
    }
    return worst;
  };
  const gradientsOf = (seed: number, size: number, length: number) => {
    const random = new Random(seed);
    return Array.from({ length }, () => size * random.normal());
  };

  it("in adabelief-pytorch's literal order: 40 steps, any legal options", () => {
    fc.assert(
      fc.property(legal, fc.integer(), fc.constantFrom(1e-3, 1, 100), (options, seed, size) => {
        const theirs = (state: TextbookState, gradient: number) => {
          adabeliefPytorch(options, state, gradient);
        };
        expect(compare(adabelief(options), theirs, gradientsOf(seed, size, 40))).toBeLessThanOrEqual(BOUND);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it("as optax has it, without rectify: 40 steps", () => {
    fc.assert(
      fc.property(legal, fc.integer(), ({ lr, betas, eps }, seed) => {
        const theirs = (state: TextbookState, gradient: number) => {
          adabeliefOptax({ lr, betas, eps }, state, gradient);
        };
        const worst = compare(adabelief({ lr, betas, eps }), theirs, gradientsOf(seed, 1, 40));
        expect(worst).toBeLessThanOrEqual(BOUND);
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  it.each<[string, Partial<TextbookOptions>]>([
    ["eps 1e-15 for 1e-16, stored", { eps: 1e-15 }],
    ["betas[1] off by 1e-8", { betas: [0.9, 0.999 + 1e-8] }],
    ["rectify", { rectify: true }],
    ["a weight decay of 1e-6", { weightDecay: 1e-6 }],
  ])("finds %s", (_, change) => {
    const options: TextbookOptions = { ...adabelief().defaults, lr: 0.1, ...change };
    const theirs = (state: TextbookState, gradient: number) => {
      adabeliefPytorch(options, state, gradient);
    };
    const gradients = [1e-6, 2e-6, -1e-6, 1e-6];
    expect(compare(adabelief({ lr: 0.1 }), theirs, gradients)).toBeGreaterThan(10 * BOUND);
  });
});
