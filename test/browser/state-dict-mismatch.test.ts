// loadStateDict() of a state that does not fit: StateDictError names what differs, and nothing changes.
import { describe, expect } from "vitest";
import { StateDictError, type StateDict } from "webgpu-optim";
import { it, type Gpu } from "../support/gpu";
import { expectRefused, watchCalls } from "../support/refusals";
import { rules, type SomeRule } from "../support/rules";
import { stepped } from "../support/stepped";

const [adam, adamw, adabelief] = rules.map(({ make }) => make) as [
  (options?: object) => SomeRule,
  (options?: object) => SomeRule,
  (options?: object) => SomeRule,
];

/** A fitting state is changed, or replaced by what is returned. */
type Change = (saved: StateDict) => unknown;
type Case = [what: string, change: Change, ...texts: string[]];

const second = (saved: StateDict) => saved.groups[1]!;
const slotsOf = (saved: StateDict, name: string) => saved.state[name]!;
const put = (target: object, key: string, value: unknown) => {
  (target as Record<string, unknown>)[key] = value;
};
const setting = (key: string, value: unknown, ...texts: string[]): Case => [
  `${key} ${typeof value === "string" ? `"${value}"` : String(value)}`,
  (saved) => {
    put(saved, key, value);
  },
  ...texts,
];
const groupSetting = (key: string, value: unknown, ...texts: string[]): Case => [
  `groups[1].${key} ${typeof value === "string" ? `"${value}"` : String(value)}`,
  (saved) => {
    put(second(saved), key, value);
  },
  ...texts,
];
const option = (key: string, value: unknown, ...texts: string[]): Case => [
  `groups[1].options.${key} ${JSON.stringify(value)}`,
  (saved) => {
    put(second(saved).options, key, value);
  },
  ...texts,
];

const badStep = "groups[1].step must be an integer of at least 0, got";

const cases: Case[] = [
  ["null", () => null, "must be an object, got null"],
  ["a string", () => "state", 'must be an object, got "state" (string)'],
  ["an empty object", () => ({}), 'format must be "webgpu-optim", got undefined'],
  setting("format", "pytorch", 'format must be "webgpu-optim", got "pytorch" (string)'),
  setting("version", 2, "version must be 1, got 2"),
  setting("version", "1", 'version must be 1, got "1" (string)'),
  setting("rule", "adamw", '"adamw"', '"adam"'),
  setting("groups", undefined, "groups must be an array, got undefined"),
  setting("state", null, "state must be an object, got null"),

  [
    "a group less",
    (saved) => {
      saved.groups.pop();
    },
    "it has 1 param groups, the optimizer has 2",
  ],
  [
    "a group more",
    (saved) => {
      saved.groups.push({ ...second(saved), params: ["d"] });
    },
    "it has 3 param groups, the optimizer has 2",
  ],
  [
    "the first group twice",
    (saved) => {
      saved.groups[1] = saved.groups[0]!;
    },
    "param group 1",
    '"c"',
  ],
  [
    "a group that is null",
    (saved) => {
      saved.groups[1] = null as never;
    },
    "groups[1]",
  ],
  [
    "a group that is undefined",
    (saved) => {
      saved.groups[1] = undefined as never;
    },
    "groups[1]",
  ],
  groupSetting("params", "c", "groups[1].params must be an array of names"),
  groupSetting("options", undefined, "groups[1].options must be an object, got undefined"),
  groupSetting("step", 1.5, badStep, "1.5"),
  groupSetting("step", -1, badStep, "-1"),
  groupSetting("step", NaN, badStep, "NaN"),
  groupSetting("step", "1", badStep, '"1" (string)'),
  groupSetting("step", 2 ** 53, badStep, "9007199254740992"),
  groupSetting("step", undefined, badStep, "undefined"),

  groupSetting("params", ["d"], "param group 1", 'the state lacks "c"', 'the optimizer lacks "d"'),
  groupSetting("params", ["c", "d"], "param group 1", 'the optimizer lacks "d"'),
  groupSetting("params", ["c", "c"], "param group 1"),
  [
    "a parameter moved to another group",
    (saved) => {
      second(saved).params.push(saved.groups[0]!.params.pop()!);
    },
    "param group 0",
    'the state lacks "b"',
  ],

  [
    "no state of a parameter",
    (saved) => {
      delete saved.state.c;
    },
    '"c" needs the slots "expAvg", "expAvgSq", the state has none',
  ],
  [
    "state of a parameter more",
    (saved) => {
      saved.state.d = slotsOf(saved, "c");
    },
    'it holds state of "d", which the optimizer does not have',
  ],
  [
    "a slot less",
    (saved) => {
      delete slotsOf(saved, "c").expAvgSq;
    },
    '"c" needs the slots "expAvg", "expAvgSq", the state has "expAvg"',
  ],
  [
    "a slot more",
    (saved) => {
      slotsOf(saved, "c").maxExpAvgSq = new Float32Array(4);
    },
    '"c" needs the slots "expAvg", "expAvgSq", the state has "expAvg", "expAvgSq", "maxExpAvgSq"',
  ],
  ...[3, 5, 0].map((length): Case => [
    `${length} values in a slot of 4`,
    (saved) => {
      slotsOf(saved, "c").expAvgSq = new Float32Array(length);
    },
    `expAvgSq of "c" has ${length} elements, the parameter has 4`,
  ]),
  ...(
    [
      ["a plain array", [1, 2, 3, 4], "[1, 2, 3, 4]"],
      ["an Int32Array", new Int32Array(4), "an object ([object Int32Array])"],
      ["null", null, "null"],
    ] as const
  ).map(([what, values, shown]): Case => [
    `${what} in a slot`,
    (saved) => {
      put(slotsOf(saved, "c"), "expAvgSq", values);
    },
    `expAvgSq of "c" must be a Float32Array or Float64Array, got ${shown}`,
  ]),
  [
    "a copy by way of JSON",
    (saved) => JSON.parse(JSON.stringify(saved)) as unknown,
    "must be a Float32Array or Float64Array",
  ],

  option("lr", -1, "lr must be in [0, ∞), got -1 (param group 1)"),
  option("lr", null, "lr must be a number in [0, ∞) or a schedule, got null"),
  option("betas", [0.9, 1], "betas[1] must be in [0, 1), got 1"),
  option("betas", 0.9, "betas must be two numbers"),
  option("eps", "1e-8", 'eps must be a number in [0, ∞), got "1e-8" (string)'),
  option("maximize", 1, "maximize must be true or false, got 1"),
  option("weight_decay", 0.1, 'unknown option "weight_decay"; did you mean "weightDecay"?'),
  option("amsgrad", true, "amsgrad is true", "false", "param group 1"),
];

/** Expects a load to be refused by StateDictError, to write nothing and to change nothing. */
async function expectLoadRefused(gpu: Gpu, rule: SomeRule, change: Change, ...texts: string[]) {
  const { optimizer, snapshot } = await stepped(gpu, rule);
  const saved = await optimizer.stateDict();
  // What fits is far from what the optimizer holds, so that a part that was loaded would show.
  for (const group of saved.groups) {
    group.step = 1000;
    group.options.lr = 0.5;
  }
  for (const slots of Object.values(saved.state)) for (const values of Object.values(slots)) values.fill(9);
  const replaced = change(saved);
  optimizer.step();
  const before = await snapshot();
  const calls = watchCalls(gpu.device);
  const load = () => {
    optimizer.loadStateDict((replaced === undefined ? saved : replaced) as StateDict);
  };
  await expectRefused(
    load,
    StateDictError,
    "loadStateDict: the state does not fit",
    ...texts,
    "Nothing was changed",
  );
  expect(calls.stop(), "calls on the device").toEqual([]);
  expect(await snapshot()).toEqual(before);
  optimizer.step();
  expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([3, 3]);
  optimizer.destroy();
}

describe("a state that does not fit is refused", () => {
  for (const [what, change, ...texts] of cases) {
    it(`for ${what}`, async ({ gpu }) => {
      await expectLoadRefused(gpu, adam(), change, ...texts);
    });
  }

  it("for the state of another rule with the same slots", async ({ gpu }) => {
    const other = await stepped(gpu, adamw());
    const saved = await other.optimizer.stateDict();
    await expectLoadRefused(
      gpu,
      adam(),
      () => saved,
      'saved by the rule "adamw"',
      'the optimizer runs "adam"',
    );
    other.optimizer.destroy();
  });

  it.for([true, false])("for a state saved with amsgrad %s by one without", async (amsgrad, { gpu }) => {
    const other = await stepped(gpu, adam({ amsgrad }));
    const saved = await other.optimizer.stateDict();
    await expectLoadRefused(gpu, adam({ amsgrad: !amsgrad }), () => saved, "maxExpAvgSq");
    other.optimizer.destroy();
  });

  for (const [options, message] of [
    [{ rectify: true }, "rectify cannot be true with amsgrad true"],
    [{ fixedDecay: true, weightDecouple: false }, "fixedDecay cannot be true with weightDecouple false"],
  ] as const) {
    it(`for ${JSON.stringify(options)} with adabelief and amsgrad`, async ({ gpu }) => {
      const change: Change = (saved) => {
        Object.assign(second(saved).options, options);
      };
      await expectLoadRefused(gpu, adabelief({ amsgrad: true }), change, message);
    });
  }

  it("but not when it fits", async ({ gpu }) => {
    const { optimizer } = await stepped(gpu, adam());
    const saved = await optimizer.stateDict();
    saved.groups.forEach((group) => (group.step = 1000));
    optimizer.loadStateDict(saved);
    expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([1000, 1000]);
    optimizer.destroy();
  });
});
