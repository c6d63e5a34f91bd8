// The schedules against values tabulated by a second implementation: optax's formulas in Python, plain floats, 15 digits.
import { describe, expect, it } from "vitest";
import {
  adam,
  adamw,
  constantSchedule,
  cosineSchedule,
  exponentialSchedule,
  linearSchedule,
  oneCycleSchedule,
  OptionError,
  piecewiseSchedule,
  sgd,
  stepSchedule,
  warmupCosineSchedule,
  type Schedule,
} from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";

/** Relative: the table's 15 digits, and a cosine of another library. */
const BOUND = 1e-13;
/** Absolute: half a cosine at its end is (1 + cos π) / 2, which a library may miss by this. */
const FLOOR = 1e-17;

/** By schedule: its arguments, completed steps, and the learning rates after them. */
const TABLES: [title: string, schedule: Schedule, counts: number[], lrs: number[]][] = [
  // init
  ["constant 0.3", constantSchedule(0.3), [0, 1, 1e6], [0.3, 0.3, 0.3]],
  ["constant 0", constantSchedule(0), [0, 7], [0, 0]],

  // (init − end)·(1 − clip(c − begin, 0, T)/T) + end
  [
    "linear 0.1 to 0.02 over 10",
    linearSchedule({ init: 0.1, end: 0.02, steps: 10 }),
    [0, 1, 3, 5, 9, 10, 11, 1000],
    [0.1, 0.092, 0.076, 0.06, 0.028, 0.02, 0.02, 0.02],
  ],
  [
    "linear 0 to 0.3 over 4 from 5 on",
    linearSchedule({ init: 0, end: 0.3, steps: 4, begin: 5 }),
    [0, 4, 5, 6, 7, 8, 9, 10, 100],
    [0, 0, 0, 0.075, 0.15, 0.225, 0.3, 0.3, 0.3],
  ],
  ["linear 1 to 0 over 2.5", linearSchedule({ init: 1, end: 0, steps: 2.5 }), [0, 1, 2, 3], [1, 0.6, 0.2, 0]],

  // init·((1 − alpha)·(½·(1 + cos(π·min(c, T)/T)))^exponent + alpha)
  [
    "cosine 0.1 over 10",
    cosineSchedule({ init: 0.1, steps: 10 }),
    [0, 1, 3, 5, 9, 10, 11, 1000],
    [0.1, 0.0975528258147577, 0.0793892626146237, 0.05, 0.00244717418524232, 0, 0, 0],
  ],
  [
    "cosine 0.5 over 7, alpha 0.1",
    cosineSchedule({ init: 0.5, steps: 7, alpha: 0.1 }),
    [0, 1, 3, 6, 7, 8],
    [0.5, 0.477717995278044, 0.325067210140171, 0.0722820047219557, 0.05, 0.05],
  ],
  [
    "cosine 0.5 over 8, alpha 0.2, exponent 2",
    cosineSchedule({ init: 0.5, steps: 8, alpha: 0.2, exponent: 2 }),
    [0, 1, 3, 4, 7, 8, 9],
    [0.5, 0.470131245561585, 0.291181347413691, 0.2, 0.10057943255707, 0.1, 0.1],
  ],

  // init while c ≤ begin, then init·rate^((c − begin)/T), the exponent floored with staircase, clamped at end
  [
    "exponential 0.1, halved every 10",
    exponentialSchedule({ init: 0.1, rate: 0.5, steps: 10 }),
    [0, 1, 5, 9, 10, 11, 25, 100],
    [
      0.1, 0.0933032991536807, 0.0707106781186548, 0.0535886731268147, 0.05, 0.0466516495768404,
      0.0176776695296637, 9.765625e-5,
    ],
  ],
  [
    "exponential 0.1, halved every 10 from 5 on",
    exponentialSchedule({ init: 0.1, rate: 0.5, steps: 10, begin: 5 }),
    [0, 4, 5, 6, 15, 16],
    [0.1, 0.1, 0.1, 0.0933032991536807, 0.05, 0.0466516495768404],
  ],
  [
    "exponential 0.1, halved every 3, staircase",
    exponentialSchedule({ init: 0.1, rate: 0.5, steps: 3, staircase: true }),
    [0, 1, 2, 3, 4, 5, 6, 8, 9],
    [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.0125],
  ],
  [
    "exponential 0.1, halved every 3 from 2 on, staircase",
    exponentialSchedule({ init: 0.1, rate: 0.5, steps: 3, begin: 2, staircase: true }),
    [0, 2, 3, 4, 5, 7, 8],
    [0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.025],
  ],
  [
    "exponential 0.1, halved every 3, end 0.03 from below",
    exponentialSchedule({ init: 0.1, rate: 0.5, steps: 3, end: 0.03 }),
    [0, 3, 5, 6, 100],
    [0.1, 0.05, 0.0314980262473718, 0.03, 0.03],
  ],
  [
    "exponential 0.1, times 1.5 every 2, end 0.2 from above",
    exponentialSchedule({ init: 0.1, rate: 1.5, steps: 2, end: 0.2 }),
    [0, 1, 2, 3, 4, 100],
    [0.1, 0.122474487139159, 0.15, 0.183711730708738, 0.2, 0.2],
  ],

  // init·rate^⌊c/T⌋
  [
    "step 0.4, a tenth every 5",
    stepSchedule({ init: 0.4, steps: 5 }),
    [0, 4, 5, 9, 10, 15],
    [0.4, 0.4, 0.04, 0.04, 0.004, 0.0004],
  ],
  [
    "step 0.4, halved every 4",
    stepSchedule({ init: 0.4, rate: 0.5, steps: 4 }),
    [0, 3, 4, 7, 8, 11, 12],
    [0.4, 0.4, 0.2, 0.2, 0.1, 0.1, 0.05],
  ],

  // init·Π scale of the boundaries at most c
  [
    "piecewise 0.8, scales at 3, 6 and 10",
    piecewiseSchedule({ init: 0.8, scales: { 10: 2, 3: 0.5, 6: 0.1 } }),
    [0, 2, 3, 5, 6, 9, 10, 11, 1000],
    [0.8, 0.8, 0.4, 0.4, 0.04, 0.04, 0.08, 0.08, 0.08],
  ],
  [
    "piecewise 0.8, scales at 0 and 2",
    piecewiseSchedule({ init: 0.8, scales: { 0: 0.5, 2: 0 } }),
    [0, 1, 2, 3],
    [0.4, 0.4, 0, 0],
  ],
  ["piecewise 0.8, no scales", piecewiseSchedule({ init: 0.8, scales: {} }), [0, 9], [0.8, 0.8]],

  // linear(init, peak, w)(c) while c < w, then cosine(peak, T − w, end/peak, exponent)(c − w)
  [
    "warmup to 0.1 in 4, cosine to 0 by 12",
    warmupCosineSchedule({ peak: 0.1, warmup: 4, steps: 12 }),
    [0, 1, 3, 4, 5, 8, 11, 12, 13, 1000],
    [0, 0.025, 0.075, 0.1, 0.0961939766255643, 0.05, 0.00380602337443566, 0, 0, 0],
  ],
  [
    "warmup from 0.02 to 0.1 in 5, cosine to 0.01 by 20, exponent 2",
    warmupCosineSchedule({ init: 0.02, peak: 0.1, warmup: 5, steps: 20, end: 0.01, exponent: 2 }),
    [0, 2, 4, 5, 6, 12, 19, 20, 21],
    [0.02, 0.052, 0.084, 0.1, 0.0980440284315005, 0.0374496203387891, 0.010010744365458, 0.01, 0.01],
  ],
  [
    "warmup from 0.1 to a peak of 0",
    warmupCosineSchedule({ init: 0.1, peak: 0, warmup: 2, steps: 4 }),
    [0, 1, 2, 3, 4, 9],
    [0.1, 0.05, 0, 0, 0, 0],
  ],

  // b + (a − b)/2·(cos(π·part) + 1) from peak/divisor to peak by ⌊rise·T⌋, then to peak/(divisor·finalDivisor) by T
  [
    "one cycle to 0.5 in 20",
    oneCycleSchedule({ peak: 0.5, steps: 20 }),
    [0, 1, 3, 5, 6, 7, 13, 19, 20, 21, 1000],
    [
      0.02, 0.0521539030917347, 0.26, 0.467846096908265, 0.5, 0.493732003117544, 0.250001,
      0.00626999688245628, 2e-6, 2e-6, 2e-6,
    ],
  ],
  [
    "one cycle to 0.2 in 10, rise 0.45, divisors 10 and 100",
    oneCycleSchedule({ peak: 0.2, steps: 10, rise: 0.45, divisor: 10, finalDivisor: 100 }),
    [0, 1, 3, 4, 5, 7, 9, 10, 11],
    [
      0.02, 0.0463603896932107, 0.173639610306789, 0.2, 0.186615937838065, 0.1001, 0.0135840621619346, 0.0002,
      0.0002,
    ],
  ],
];

describe("the learning rate", () => {
  for (const [title, schedule, counts, lrs] of TABLES) {
    it.each(counts.map((count, index) => [count, lrs[index]!] as const))(
      `of ${title} after %d steps is %d`,
      (count, expected) => {
        expect(Math.abs(schedule(count) - expected)).toBeLessThanOrEqual(BOUND * expected + FLOOR);
      },
    );

    it(`of ${title} is finite and not negative after any of 100 steps, so that an optimizer takes it`, () => {
      const parameter = { param: new Float64Array(1), grad: new Float64Array(1) };
      const optimizer = new ReferenceOptimizer([parameter], adam({ lr: schedule }));
      for (let step = 0; step < 100; step++) optimizer.step();
      expect(optimizer.paramGroups[0]!.step).toBe(100);
    });
  }

  it("of one cycle is what it ends with when its rise has no steps", () => {
    const schedule = oneCycleSchedule({ peak: 1, steps: 2, rise: 0.1 });
    expect([0, 1, 2].map(schedule).map((lr) => Number(lr.toFixed(6)))).toEqual([1, 0.500002, 4e-6]);
  });
});

describe("arguments that are refused", () => {
  const rates = "[0, ∞)";
  const positive = "(0, ∞)";
  /** A call and the start of the message; then, by argument, its range and values outside it. */
  const CALLS: [
    name: string,
    call: (change: object) => unknown,
    Record<string, [range: string, ...unknown[]]>,
  ][] = [
    [
      "linearSchedule",
      (change) => linearSchedule({ init: 0.1, end: 0, steps: 10, ...change }),
      {
        init: [rates, -1, NaN, Infinity, "0.1"],
        end: [rates, -0.1],
        steps: [positive, 0, -1],
        begin: [rates, -1],
      },
    ],
    [
      "cosineSchedule",
      (change) => cosineSchedule({ init: 0.1, steps: 10, ...change }),
      {
        init: [rates, -1, undefined],
        steps: [positive, 0, NaN],
        alpha: [rates, -0.1],
        exponent: [positive, 0],
      },
    ],
    [
      "exponentialSchedule",
      (change) => exponentialSchedule({ init: 0.1, rate: 0.5, steps: 10, ...change }),
      {
        init: [rates, -1],
        rate: [positive, 0, -0.5, Infinity],
        steps: [positive, 0],
        begin: [rates, -1],
        end: [rates, -1, null],
      },
    ],
    [
      "stepSchedule",
      (change) => stepSchedule({ init: 0.1, steps: 10, ...change }),
      { init: [rates, -1], rate: [positive, 0, true], steps: [positive, 0, undefined] },
    ],
    [
      "warmupCosineSchedule",
      (change) => warmupCosineSchedule({ peak: 0.1, warmup: 4, steps: 10, ...change }),
      {
        init: [rates, -1],
        peak: [rates, -1, NaN],
        end: [rates, -1],
        exponent: [positive, 0],
        steps: ["(warmup 4, ∞)", 4, 3, Infinity],
      },
    ],
    [
      "oneCycleSchedule",
      (change) => oneCycleSchedule({ peak: 0.1, steps: 10, ...change }),
      {
        peak: [rates, -1],
        steps: [positive, 0],
        divisor: [positive, 0],
        finalDivisor: [positive, 0],
        rise: ["(0, 1)", 0, 1, NaN],
      },
    ],
  ];
  const shown = (value: unknown) => {
    if (typeof value === "string") return `"${value}" (string)`;
    return typeof value === "boolean" ? `${value} (boolean)` : String(value);
  };
  const refusedBy = (call: () => unknown) => {
    try {
      call();
    } catch (error) {
      return error;
    }
    throw new Error("nothing was thrown");
  };

  for (const [name, call, refused] of CALLS) {
    for (const [option, [range, ...values]] of Object.entries(refused)) {
      it.each(values.map((value) => [shown(value), value]))(`${name}: ${option} %s`, (text, value) => {
        const error = refusedBy(() => call({ [option]: value }));
        // An argument with a default may be undefined, one without may not.
        expect(error).toBeInstanceOf(OptionError);
        expect(error).toMatchObject({
          option,
          value,
          message: `${name}: ${option} must be in ${range}, got ${text}`,
        });
      });
    }
  }

  it.each([
    [-1, "-1"],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    ["0.1", '"0.1" (string)'],
  ])("constantSchedule: value %s", (value, text) => {
    expect(refusedBy(() => constantSchedule(value as number))).toMatchObject({
      name: "OptionError",
      message: `constantSchedule: value must be in [0, ∞), got ${text}`,
    });
  });

  it.each<[object, string]>([
    [{ init: -1, scales: {} }, "init must be in [0, ∞), got -1"],
    [{ init: 1, scales: { 3: -0.5 } }, "scales[3] must be in [0, ∞), got -0.5"],
    [{ init: 1, scales: { 3: NaN } }, "scales[3] must be in [0, ∞), got NaN"],
    [{ init: 1, scales: { "-3": 0.5 } }, "boundary must be in [0, ∞), got -3"],
    [{ init: 1, scales: { epoch: 0.5 } }, "boundary must be in [0, ∞), got NaN"],
  ])("piecewiseSchedule: %j", (options, text) => {
    expect(refusedBy(() => piecewiseSchedule(options as never))).toMatchObject({
      name: "OptionError",
      message: `piecewiseSchedule: ${text}`,
    });
  });
});

describe("as the lr of an optimizer", () => {
  const tensor = () => ({ param: Float64Array.of(10), grad: Float64Array.of(1) });

  it("sees 0, 1, 2, …: the completed steps of its group, once a step", () => {
    const seen: number[] = [];
    const lr = (step: number) => {
      seen.push(step);
      return 1;
    };
    const optimizer = new ReferenceOptimizer([tensor()], adamw({ lr }));
    for (let step = 0; step < 5; step++) optimizer.step();
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  it("counts by group: a frozen group's schedule waits, a later group's begins at 0", () => {
    const [a, b, c] = [tensor(), tensor(), tensor()];
    const lr = linearSchedule({ init: 1, end: 0, steps: 4 });
    const optimizer = new ReferenceOptimizer([{ params: [a] }, { params: [b], frozen: true }], sgd({ lr }));
    optimizer.step();
    optimizer.step();
    optimizer.paramGroups[1]!.frozen = false;
    optimizer.addParamGroup({ params: [c] });
    optimizer.step();
    // 1 + 0.75 + 0.5; 1; 1.
    expect([a, b, c].map(({ param }) => param[0])).toEqual([7.75, 9, 9]);
  });

  it("moves SGD by what the table says, step by step", () => {
    const parameter = tensor();
    const lr = warmupCosineSchedule({ peak: 0.1, warmup: 4, steps: 12 });
    const optimizer = new ReferenceOptimizer([parameter], sgd({ lr }));
    for (let step = 0; step < 14; step++) {
      const before = parameter.param[0]!;
      optimizer.step();
      expect(before - parameter.param[0]!).toBeCloseTo(lr(step), 14);
    }
  });

  it("goes on at the saved step after loading, and is saved as the number that comes next", () => {
    const lr = stepSchedule({ init: 0.8, rate: 0.5, steps: 2 });
    const optimizer = new ReferenceOptimizer([{ name: "w", ...tensor() }], sgd({ lr }));
    for (let step = 0; step < 3; step++) optimizer.step();
    const saved = optimizer.stateDict();
    expect(saved.groups[0]).toMatchObject({ step: 3, options: { lr: 0.4 } });
    const parameter = tensor();
    const resumed = new ReferenceOptimizer([{ name: "w", ...parameter }], sgd({ lr }));
    resumed.loadStateDict(saved);
    resumed.step();
    resumed.step();
    expect(parameter.param[0]).toBeCloseTo(10 - 0.4 - 0.2, 14);
  });

  it("is refused at the step at which it returns what is no learning rate, with nothing stepped", () => {
    const parameter = tensor();
    const optimizer = new ReferenceOptimizer([parameter], sgd({ lr: (step) => 1 - step }));
    optimizer.step();
    optimizer.step();
    expect(() => {
      optimizer.step();
    }).toThrow("sgd: lr (schedule at step 2) must be in [0, ∞), got -1 (param group 0)");
    expect(parameter.param[0]).toBe(9);
  });
});
