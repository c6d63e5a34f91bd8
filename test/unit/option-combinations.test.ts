// What the options of the rules do together: combinations that are refused, state slots, and what is structural.
import { describe, expect, it } from "vitest";
import { adabelief, adam, adamw, sgd, type UpdateRule } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import type { AnyRule } from "../../src/conformance/variants";
import { allRules } from "../support/rules";

const thrownBy = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};
const tensor = () => ({ param: Float64Array.of(1), grad: Float64Array.of(1) });

/** The state slots of DESIGN.md, by rule and options. */
const SLOTS: Record<string, [options: object, slots: string[]][]> = {
  adam: [
    [{}, ["expAvg", "expAvgSq"]],
    [{ amsgrad: true }, ["expAvg", "expAvgSq", "maxExpAvgSq"]],
  ],
  adamw: [
    [{}, ["expAvg", "expAvgSq"]],
    [{ amsgrad: true }, ["expAvg", "expAvgSq", "maxExpAvgSq"]],
  ],
  adabelief: [
    [{}, ["expAvg", "expAvgVar"]],
    [{ rectify: true }, ["expAvg", "expAvgVar"]],
    [{ amsgrad: true }, ["expAvg", "expAvgVar", "maxExpAvgVar"]],
  ],
  sgd: [
    [{}, []],
    [{ weightDecay: 0.1, maximize: true, dampening: 0.5 }, []],
    [{ momentum: 1e-30 }, ["momentumBuffer"]],
    [{ momentum: 0.9, nesterov: true }, ["momentumBuffer"]],
  ],
  adagrad: [
    [{}, ["sum"]],
    [{ initialAccumulatorValue: 0.5 }, ["sum"]],
  ],
  rmsprop: [
    [{}, ["squareAvg"]],
    [{ momentum: 0.9 }, ["squareAvg", "momentumBuffer"]],
    [{ centered: true }, ["squareAvg", "gradAvg"]],
    [{ momentum: 0.9, centered: true }, ["squareAvg", "momentumBuffer", "gradAvg"]],
  ],
  nadam: [[{}, ["expAvg", "expAvgSq"]]],
  radam: [[{}, ["expAvg", "expAvgSq"]]],
  adamax: [[{}, ["expAvg", "expInf"]]],
  lion: [[{}, ["expAvg"]]],
};

/** The structural options of each rule, with two values that may not change into each other. */
const STRUCTURAL: Record<string, Record<string, [unknown, unknown]>> = {
  adam: { amsgrad: [false, true] },
  adamw: { amsgrad: [false, true] },
  adabelief: { amsgrad: [false, true] },
  sgd: { momentum: [0, 0.9] },
  adagrad: {},
  rmsprop: { momentum: [0, 0.9], centered: [false, true] },
  nadam: {},
  radam: {},
  adamax: {},
  lion: {},
};

it("the tables of this file cover the registry", () => {
  const names = allRules.map(({ name }) => name);
  expect(Object.keys(SLOTS)).toEqual(names);
  expect(Object.keys(STRUCTURAL)).toEqual(names);
});

for (const { name, make } of allRules) {
  describe(name, () => {
    it.each(SLOTS[name]!)("has the state slots of DESIGN.md with %j: %j", (options, slots) => {
      const rule = make(options);
      expect(rule.stateSlots(rule.defaults)).toEqual(slots);
      const optimizer = new ReferenceOptimizer([{ name: "w", ...tensor() }], rule);
      expect(Object.keys(optimizer.stateDict().state.w!)).toEqual(slots);
      optimizer.step();
      expect(Object.keys(optimizer.stateDict().state.w!)).toEqual(slots);
    });

    it("has the state slots of its group, not of the rule", () => {
      for (const [options, slots] of SLOTS[name]!) {
        const groups = [
          { params: [{ name: "w", ...tensor() }], ...options },
          { params: [{ name: "b", ...tensor() }] },
        ];
        const { state } = new ReferenceOptimizer(groups, make()).stateDict();
        expect(Object.keys(state.w!)).toEqual(slots);
        expect(Object.keys(state.b!)).toEqual(SLOTS[name]![0]![1]);
      }
    });

    it(`calls structural: ${Object.keys(STRUCTURAL[name]!).join(", ") || "nothing"}`, () => {
      expect(make().structural).toEqual(Object.keys(STRUCTURAL[name]!));
    });

    for (const [option, values] of Object.entries(STRUCTURAL[name]!)) {
      for (const [before, after] of [values, [values[1], values[0]]]) {
        it(`refuses ${option} from ${String(before)} to ${String(after)} at step(), and steps nothing`, () => {
          const [first, second] = [tensor(), tensor()];
          const groups = [{ params: [first] }, { params: [second], [option]: before }];
          const optimizer = new ReferenceOptimizer(groups, make());
          optimizer.step();
          const [p, q] = [first.param[0]!, second.param[0]!];
          const group = optimizer.paramGroups[1] as unknown as Record<string, unknown>;
          group[option] = after;
          const shown = (value: unknown) =>
            typeof value === "boolean" ? `${value} (boolean)` : String(value);
          expect(
            thrownBy(() => {
              optimizer.step();
            }),
          ).toMatchObject({
            name: "OptionError",
            option,
            value: after,
            message:
              `${name}: ${option} was ${shown(before)} when the optimizer was created and cannot change to ` +
              `${shown(after)} (param group 1); create a new optimizer`,
          });
          expect([first.param[0], second.param[0]]).toEqual([p, q]);
          expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([1, 1]);
          group[option] = before;
          optimizer.step();
          expect(optimizer.paramGroups[1]!.step).toBe(2);
        });
      }
    }
  });
}

describe("momentum", () => {
  it.each<[string, AnyRule]>(
    ["sgd", "rmsprop"].map((name) => [
      name,
      allRules.find((rule) => rule.name === name)!.make({ momentum: 0.9 }),
    ]),
  )("of %s may change from 0.9 to 0.8 and to 1e-3: it holds from the next step", (_, rule) => {
    const [changing, fixed] = [0, 1].map(() => new ReferenceOptimizer([{ name: "w", ...tensor() }], rule));
    const bufferOf = (optimizer = changing!) => optimizer.stateDict().state.w!.momentumBuffer![0]!;
    for (const optimizer of [changing!, fixed!]) optimizer.step();
    const first = bufferOf();
    const group = changing!.paramGroups[0] as unknown as { momentum: number };
    for (const [step, momentum] of [0.8, 1e-3].entries()) {
      const before = bufferOf();
      group.momentum = momentum;
      changing!.step();
      fixed!.step();
      // The gradient is 1 throughout: what SGD adds is 1, RMSprop the quotient of a growing average.
      if (rule.name === "sgd") expect(bufferOf()).toBeCloseTo(momentum * before + 1, 14);
      expect(bufferOf()).toBeLessThan(bufferOf(fixed));
      expect(changing!.paramGroups[0]!.step).toBe(step + 2);
    }
    expect(first).toBeGreaterThan(0);
  });
});

describe("combinations of adabelief", () => {
  it.each([
    [
      { rectify: true, amsgrad: true },
      "rectify",
      "adabelief: rectify cannot be true with amsgrad true, which rectified steps would ignore; choose one",
    ],
    [
      { fixedDecay: true, weightDecouple: false },
      "fixedDecay",
      "adabelief: fixedDecay cannot be true with weightDecouple false; set weightDecouple to true",
    ],
  ])(
    "%j is refused at once, in a group and when it comes about between steps",
    (options, option, message) => {
      expect(thrownBy(() => adabelief(options))).toMatchObject({
        name: "OptionError",
        option,
        value: true,
        message,
      });
      expect(() => new ReferenceOptimizer([{ params: [tensor()], ...options }], adabelief())).toThrow(
        `${message} (param group 0)`,
      );
      const optimizer = new ReferenceOptimizer([tensor()], adabelief({ amsgrad: option === "rectify" }));
      Object.assign(optimizer.paramGroups[0]!, options);
      expect(() => {
        optimizer.step();
      }).toThrow(`${message} (param group 0)`);
    },
  );

  it("is legal one by one", () => {
    const legal = [{ rectify: true }, { amsgrad: true }, { fixedDecay: true }, { weightDecouple: false }];
    for (const options of legal) expect(adabelief(options).defaults).toMatchObject(options);
  });
});

describe("nesterov", () => {
  const messageOf = (momentum: number, dampening: number) =>
    `sgd: nesterov needs momentum above 0 and dampening 0, got momentum ${momentum} and dampening ${dampening}`;

  it.each([
    [0, 0],
    [0, 0.5],
    [0.9, 0.5],
    [0.9, 1e-30],
  ])(
    "is refused with momentum %f and dampening %f: at once, in a group and between steps",
    (momentum, dampening) => {
      const options = { nesterov: true, momentum, dampening };
      const message = messageOf(momentum, dampening);
      const refused = { name: "OptionError", option: "nesterov", value: true };
      expect(thrownBy(() => sgd(options))).toMatchObject({ ...refused, message });
      const grouped = { ...refused, message: `${message} (param group 0)` };
      const group = { params: [tensor()], ...options };
      expect(thrownBy(() => new ReferenceOptimizer([group], sgd()))).toMatchObject(grouped);
      const optimizer = new ReferenceOptimizer([tensor()], sgd({ momentum }));
      Object.assign(optimizer.paramGroups[0]!, options);
      expect(
        thrownBy(() => {
          optimizer.step();
        }),
      ).toMatchObject(grouped);
      expect(optimizer.paramGroups[0]!.step).toBe(0);
    },
  );

  it("may be switched between steps with momentum 0.9, as may dampening without it", () => {
    const parameter = tensor();
    const optimizer = new ReferenceOptimizer([parameter], sgd({ lr: 1, momentum: 0.5 }));
    const group = optimizer.paramGroups[0]!;
    optimizer.step();
    group.nesterov = true;
    optimizer.step();
    group.nesterov = false;
    group.dampening = 0.75;
    optimizer.step();
    // 1, then a buffer of 1.5 and the gradient ahead of it, then 0.75 + 0.25.
    expect(parameter.param[0]).toBe(1 - 1 - (1 + 0.75) - 1);
  });
});

describe("a group's options lie over the rule's", () => {
  it.each<[string, UpdateRule<never>]>([
    ["adam", adam({ lr: 0.5, eps: 0.25 }) as never],
    ["adamw", adamw({ lr: 0.5, eps: 0.25 }) as never],
    ...["adagrad", "rmsprop", "nadam", "radam", "adamax"].map((name): [string, UpdateRule<never>] => [
      name,
      allRules.find((rule) => rule.name === name)!.make({ lr: 0.5, eps: 0.25 }) as never,
    ]),
  ])("%s: lr of the group, eps of the rule, undefined of neither", (_, rule) => {
    const group = {
      params: [{ param: new Float32Array(1), grad: new Float32Array(1) }],
      lr: 0.75,
      eps: undefined,
    };
    const { paramGroups } = new ReferenceOptimizer([group as never], rule);
    expect(paramGroups[0]).toMatchObject({ lr: 0.75, eps: 0.25 });
  });
});
