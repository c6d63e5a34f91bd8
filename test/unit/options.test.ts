// Options of the rules one by one: defaults, types, ranges, exact messages. What they do together is in
// option-combinations.test.ts.
import { describe, expect, it } from "vitest";
import { OptimizerError, OptionError } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { allRules as rules } from "../support/rules";

/** The table of DESIGN.md, section 2. */
const DEFAULTS: Record<string, Record<string, unknown>> = {
  adam: { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false, maximize: false },
  adamw: { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 1e-2, amsgrad: false, maximize: false },
  adabelief: {
    lr: 1e-3,
    betas: [0.9, 0.999],
    eps: 1e-16,
    weightDecay: 0,
    weightDecouple: true,
    fixedDecay: false,
    rectify: false,
    degeneratedToSgd: true,
    amsgrad: false,
    maximize: false,
    maxUpdate: Infinity,
  },
  sgd: { lr: 1e-3, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, maximize: false },
  adagrad: {
    lr: 1e-2,
    lrDecay: 0,
    initialAccumulatorValue: 0,
    eps: 1e-10,
    weightDecay: 0,
    maximize: false,
  },
  rmsprop: {
    lr: 1e-2,
    alpha: 0.99,
    eps: 1e-8,
    weightDecay: 0,
    momentum: 0,
    centered: false,
    maximize: false,
  },
  nadam: { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, momentumDecay: 4e-3 },
  radam: { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 },
  adamax: { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false },
  lion: { lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0 },
};

/** Values that an option refuses, and how the message goes on after the option's name. */
type Refusals = [value: unknown, text: string][];

const float32 = "must be at most 3.4028234663852886e+38 (float32)";
const finite: Refusals = [
  [-1e-300, "must be in [0, ∞), got -1e-300"],
  [-1, "must be in [0, ∞), got -1"],
  [NaN, "must be in [0, ∞), got NaN"],
  [Infinity, "must be in [0, ∞), got Infinity"],
  [1e39, `${float32}, got 1e+39`],
  ["0.1", 'must be a number in [0, ∞), got "0.1" (string)'],
  [null, "must be a number in [0, ∞), got null"],
  [true, "must be a number in [0, ∞), got true (boolean)"],
  [1n, "must be a number in [0, ∞), got 1 (bigint)"],
  [[0.1], "must be a number in [0, ∞), got [0.1]"],
];
const aFunction = (range: string): Refusals => [[() => 0.1, `must be a number in ${range}, got a function`]];
const finiteOrSchedule = finite.map(([value, text]): Refusals[number] => {
  return [value, text.replace("a number in [0, ∞)", "a number in [0, ∞) or a schedule")];
});
const ofNumber: Refusals = [...finite, ...aFunction("[0, ∞)")];
const decayRate: Refusals = [
  [1, "must be in [0, 1), got 1"],
  [-0.01, "must be in [0, 1), got -0.01"],
  [NaN, "must be in [0, 1), got NaN"],
  [Infinity, "must be in [0, 1), got Infinity"],
  ["0.99", 'must be a number in [0, 1), got "0.99" (string)'],
  [null, "must be a number in [0, 1), got null"],
  [[0.9, 0.99], "must be a number in [0, 1), got [0.9, 0.99]"],
  ...aFunction("[0, 1)"),
];
const above: Refusals = [
  [0, "must be in (0, ∞], got 0"],
  [-2, "must be in (0, ∞], got -2"],
  [NaN, "must be in (0, ∞], got NaN"],
  [1e39, `${float32}, got 1e+39`],
  ["∞", 'must be a number in (0, ∞], got "∞" (string)'],
];
const flags: Refusals = [
  [1, "must be true or false, got 1"],
  [0, "must be true or false, got 0"],
  ["true", 'must be true or false, got "true" (string)'],
  [null, "must be true or false, got null"],
];
const decayRates: Refusals = [
  [0.9, "must be two numbers in [0, 1), got 0.9"],
  [null, "must be two numbers in [0, 1), got null"],
  [[0.9], "must be two numbers in [0, 1), got [0.9]"],
  [[0.9, 0.99, 0.999], "must be two numbers in [0, 1), got [0.9, 0.99, 0.999]"],
  [{ 0: 0.9, 1: 0.99, length: 2 }, "must be two numbers in [0, 1), got an object ([object Object])"],
  [[1, 0.999], "[0] must be in [0, 1), got 1"],
  [[0.9, 1], "[1] must be in [0, 1), got 1"],
  [[-0.1, 0.999], "[0] must be in [0, 1), got -0.1"],
  [[0.9, NaN], "[1] must be in [0, 1), got NaN"],
  [["0.9", 0.999], '[0] must be a number in [0, 1), got "0.9" (string)'],
  [[0.9, undefined], "[1] must be a number in [0, 1), got undefined"],
];

const REFUSALS: Record<string, Refusals> = {
  lr: finiteOrSchedule,
  betas: decayRates,
  eps: ofNumber,
  weightDecay: ofNumber,
  momentum: ofNumber,
  dampening: ofNumber,
  lrDecay: ofNumber,
  initialAccumulatorValue: ofNumber,
  momentumDecay: ofNumber,
  alpha: decayRate,
  nesterov: flags,
  centered: flags,
  amsgrad: flags,
  maximize: flags,
  weightDecouple: flags,
  fixedDecay: flags,
  rectify: flags,
  degeneratedToSgd: flags,
  maxUpdate: [...above, ...aFunction("(0, ∞]")],
};

/** Values at the edges of the ranges that are legal. */
const LEGAL: Record<string, unknown[]> = {
  lr: [0, 5e-324, 3.4028234663852886e38, () => 0],
  betas: [
    [0, 0],
    [0.9999999, 0.9999999],
  ],
  eps: [0, 1e30],
  weightDecay: [0, 2],
  momentum: [0, 5e-324, 0.9, 1, 1.5],
  dampening: [0, 0.5, 1, 2],
  lrDecay: [0, 1e-4, 3],
  initialAccumulatorValue: [0, 0.1, 1e30],
  momentumDecay: [0, 1],
  alpha: [0, 0.9999999],
  maxUpdate: [1e-30, Infinity],
};
/** What an option needs beside it to be legal. */
const NEEDS: Record<string, object> = { nesterov: { momentum: 0.9 }, weightDecouple: { fixedDecay: false } };

const thrownBy = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};

it("the tables of this file cover the registry", () => {
  expect(Object.keys(DEFAULTS)).toEqual(rules.map(({ name }) => name));
  const options = new Set(Object.values(DEFAULTS).flatMap((defaults) => Object.keys(defaults)));
  expect(Object.keys(REFUSALS).sort()).toEqual([...options].sort());
});

for (const { name, make } of rules) {
  const shown = (value: unknown) => (typeof value === "function" ? "a function" : JSON.stringify(value));

  describe(name, () => {
    it("has the defaults of DESIGN.md, to the key", () => {
      expect(make().defaults).toStrictEqual(DEFAULTS[name]);
      expect(Object.keys(make().options).sort()).toEqual(Object.keys(DEFAULTS[name]!).sort());
      expect(make().name).toBe(name);
    });

    for (const option of Object.keys(DEFAULTS[name]!)) {
      for (const [value, text] of REFUSALS[option]!) {
        const separator = text.startsWith("[") ? "" : " ";
        const message = `${name}: ${option}${separator}${text}`;
        const title = typeof value === "bigint" ? `${value}n` : shown(value);
        it(`refuses ${option} ${title}, as a rule's option and as a group's`, () => {
          const error = thrownBy(() => make({ [option]: value }));
          expect(error).toBeInstanceOf(OptionError);
          expect(error).toBeInstanceOf(OptimizerError);
          expect(error).toMatchObject({ name: "OptionError", message });
          expect((error as OptionError).option).toMatch(new RegExp(`^${option}(\\[\\d\\])?$`));
          const grouped = thrownBy(() => {
            const tensor = () => ({ param: new Float32Array(1), grad: new Float32Array(1) });
            const groups = [{ params: [tensor()] }, { params: [tensor()], [option]: value }];
            return new ReferenceOptimizer(groups, make());
          });
          expect(grouped).toMatchObject({ name: "OptionError", message: `${message} (param group 1)` });
        });
      }

      for (const value of LEGAL[option] ?? [true, false].filter((flag) => flag !== DEFAULTS[name]![option])) {
        it(`takes ${option} ${shown(value)}`, () => {
          expect(make({ ...NEEDS[option], [option]: value }).defaults).toMatchObject({ [option]: value });
        });
      }
    }

    const known = `; known: ${Object.keys(DEFAULTS[name]!).join(", ")}`;
    it.each([
      ["weight_decay", '; did you mean "weightDecay"?'],
      ["weigthDecay", '; did you mean "weightDecay"?'],
      ["WeightDecay", '; did you mean "weightDecay"?'],
      ["beta", "betas" in DEFAULTS[name]! ? '; did you mean "betas"?' : known],
      ["epsilonValue", known],
      ["toString", known],
    ])("refuses the unknown option %s, and helps", (option, remedy) => {
      for (const value of [1, undefined]) {
        const error = thrownBy(() => make({ [option]: value }));
        expect(error).toBeInstanceOf(OptionError);
        expect(error).toMatchObject({
          option,
          value,
          message: `${name}: unknown option "${option}"${remedy}`,
        });
      }
    });

    it.each([
      ["a learning rate by position", 0.01],
      ["null", null],
      ["a function", () => 0.01],
    ])("refuses %s in place of the options, instead of ignoring it", (_, value) => {
      const error = thrownBy(() => make(value as unknown as object));
      expect(error).toBeInstanceOf(OptionError);
      expect((error as Error).message).toMatch(new RegExp(`^${name}: `));
    });

    it("ignores overrides that are undefined", () => {
      const overrides = Object.fromEntries(Object.keys(DEFAULTS[name]!).map((key) => [key, undefined]));
      expect(make(overrides).defaults).toStrictEqual(DEFAULTS[name]);
    });

    if ("betas" in DEFAULTS[name]!) {
      it("copies betas: of the caller, between two rules and between groups", () => {
        const betas: [number, number] = [0.5, 0.6];
        const rule = make({ betas });
        betas[0] = 0.7;
        expect(rule.defaults.betas).toEqual([0.5, 0.6]);
        expect(make().defaults.betas).not.toBe(make().defaults.betas);
        const tensor = () => ({ param: new Float32Array(1), grad: new Float32Array(1) });
        const { paramGroups } = new ReferenceOptimizer(
          [{ params: [tensor()] }, { params: [tensor()] }],
          rule,
        );
        const [first, second] = paramGroups.map((group) => group.betas);
        expect(first).not.toBe(second);
        expect(first).not.toBe(rule.defaults.betas);
      });
    }

    it("is a plain value: spread, renamed and given other options it still steps", () => {
      const rule = make();
      expect(Object.getPrototypeOf(rule)).toBe(Object.prototype);
      const mine = { ...rule, name: "mine", defaults: { ...rule.defaults, lr: 0.5 } };
      const optimizer = new ReferenceOptimizer(
        [{ param: Float64Array.of(1), grad: Float64Array.of(1) }],
        mine,
      );
      optimizer.step();
      expect(optimizer.stateDict()).toMatchObject({ rule: "mine", groups: [{ options: { lr: 0.5 } }] });
      expect(make().defaults).toStrictEqual(DEFAULTS[name]);
    });
  });
}

describe("an option of other rules", () => {
  it.each([
    ["nadam", "maximize", true],
    ["radam", "maximize", true],
    ["lion", "maximize", true],
    ["lion", "eps", 1e-8],
    ["radam", "amsgrad", true],
    ["sgd", "betas", [0.9, 0.999]],
    ["adagrad", "momentum", 0.9],
    ["adam", "momentum", 0.9],
    ["rmsprop", "betas", [0.9, 0.999]],
    ["adamax", "amsgrad", true],
  ])("of %s, %s, is unknown, as a rule's and as a group's", (name, option, value) => {
    const { make } = rules.find((rule) => rule.name === name)!;
    const message = `${name}: unknown option "${option}"`;
    expect(thrownBy(() => make({ [option]: value }))).toMatchObject({ option, value });
    expect(() => make({ [option]: value })).toThrow(message);
    const group = { params: [{ param: new Float32Array(1), grad: new Float32Array(1) }], [option]: value };
    const grouped = thrownBy(() => new ReferenceOptimizer([group], make()));
    expect(grouped).toMatchObject({ name: "OptionError", option, value });
    expect((grouped as Error).message).toMatch(new RegExp(`^${message}.* \\(param group 0\\)$`));
  });
});
