// The failure contract, options: what is refused by a rule, by create() and by step(), with which words, and that
// nothing was done by then.
import { describe, expect } from "vitest";
import { OptionError, OptimizerError, UsageError, adabelief, adamw } from "webgpu-optim";
import { it, type Gpu } from "../support/gpu";
import { expectCreateRefused, expectRefused, watchCalls } from "../support/refusals";
import { asSomeRule, rules } from "../support/rules";
import { assigning, expectStepRefused, stepped } from "../support/stepped";

/** An illegal value of an option, and what the message says of it. */
type Bad = [option: string, value: unknown, message: string];

const outside = (option: string, range: string, value: number): Bad => [
  option,
  value,
  `${option} must be in ${range}, got ${value}`,
];
const noNumber = (option: string, range: string, value: unknown, shown: string): Bad => [
  option,
  value,
  `${option} must be a number in ${range}, got ${shown}`,
];
const noFlag = (option: string, value: unknown, shown: string): Bad => [
  option,
  value,
  `${option} must be true or false, got ${shown}`,
];

const numbers = (option: string) => (option === "lr" ? "[0, ∞) or a schedule" : "[0, ∞)");
const badNumbers = (option: string): Bad[] => [
  outside(option, "[0, ∞)", -1),
  outside(option, "[0, ∞)", NaN),
  outside(option, "[0, ∞)", Infinity),
  [option, 1e39, `${option} must be at most 3.4028234663852886e+38 (float32), got 1e+39`],
  noNumber(option, numbers(option), "0.1", '"0.1" (string)'),
  noNumber(option, numbers(option), null, "null"),
];

const bad: Bad[] = [
  ...badNumbers("lr"),
  ["betas", [1, 0.999], "betas[0] must be in [0, 1), got 1"],
  ["betas", [0.9, 1], "betas[1] must be in [0, 1), got 1"],
  ["betas", [-0.1, 0.999], "betas[0] must be in [0, 1), got -0.1"],
  ["betas", [0.9, NaN], "betas[1] must be in [0, 1), got NaN"],
  ["betas", [0.9, "0.999"], 'betas[1] must be a number in [0, 1), got "0.999" (string)'],
  ["betas", [0.9], "betas must be two numbers in [0, 1), got [0.9]"],
  ["betas", [0.9, 0.99, 0.999], "betas must be two numbers in [0, 1), got [0.9, 0.99, 0.999]"],
  ["betas", 0.9, "betas must be two numbers in [0, 1), got 0.9"],
  ...badNumbers("eps"),
  ...badNumbers("weightDecay"),
  noFlag("amsgrad", 1, "1"),
  noFlag("maximize", "true", '"true" (string)'),
];

const badInAdaBelief: Bad[] = [
  outside("maxUpdate", "(0, ∞]", 0),
  outside("maxUpdate", "(0, ∞]", NaN),
  outside("maxUpdate", "(0, ∞]", -1),
  noNumber("maxUpdate", "(0, ∞]", "1", '"1" (string)'),
  noFlag("weightDecouple", 1, "1"),
  noFlag("fixedDecay", 0, "0"),
  noFlag("rectify", "yes", '"yes" (string)'),
  noFlag("degeneratedToSgd", null, "null"),
];

/** Two groups of zeros, the second with options of its own. */
const groupsWith = (gpu: Gpu, options: object) => [
  { params: [{ param: gpu.buffer(2), grad: gpu.buffer(2) }] },
  { params: [{ param: gpu.buffer(2), grad: gpu.buffer(2) }], ...options },
];

for (const { name, make } of rules) {
  describe(name, () => {
    for (const [option, value, message] of [...bad, ...(name === "adabelief" ? badInAdaBelief : [])]) {
      it(`refuses ${message}, in the rule, in a group and when assigned`, async ({ gpu }) => {
        const inRule = await expectRefused(
          () => make({ [option]: value }),
          OptionError,
          `${name}: ${message}`,
        );
        expect(inRule.message).not.toContain("param group");
        expect(inRule.option).toMatch(new RegExp(`^${option}(\\[[01]\\])?$`));

        const inGroup = [`${name}: ${message} (param group 1)`];
        const params = groupsWith(gpu, { [option]: value });
        await expectCreateRefused(gpu, { params, rule: make() }, OptionError, ...inGroup);

        const running = await stepped(gpu, make());
        const mistake = assigning(running, option, value);
        await expectStepRefused(gpu, running, mistake, OptionError, ...inGroup);
        running.optimizer.destroy();
      });
    }

    for (const [misspelt, meant] of [
      ["weight_decay", "weightDecay"],
      ["learningRate", undefined],
      ["beta", "betas"],
      ["amsGrad", "amsgrad"],
    ] as const) {
      const remedy = meant ? `; did you mean "${meant}"?` : "; known: lr, betas, eps, weightDecay";
      it(`refuses the unknown option ${misspelt}${remedy}`, async ({ gpu }) => {
        const message = `${name}: unknown option "${misspelt}"${remedy}`;
        const error = await expectRefused(() => make({ [misspelt]: 0.1 }), OptionError, message);
        expect(error).toMatchObject({ name: "OptionError", option: misspelt, value: 0.1 });
        const params = groupsWith(gpu, { [misspelt]: 0.1 });
        await expectCreateRefused(
          gpu,
          { params, rule: make() },
          OptionError,
          `${name}: unknown option "${misspelt}"`,
          meant ? `did you mean "${meant}"?` : "known: lr",
          "(param group 1)",
        );
      });

      it(`throws when ${misspelt} is assigned to a group`, async ({ gpu }) => {
        const running = await stepped(gpu, make());
        expect(() => (running.options(1)[misspelt] = 0.1)).toThrow(TypeError);
        running.optimizer.destroy();
      });
    }

    for (const [shown, returned] of [
      ["NaN", NaN],
      ["-0.1", -0.1],
      ["Infinity", Infinity],
      ['"0.1" (string)', "0.1"],
      ["undefined", undefined],
    ] as const) {
      it(`refuses a schedule of the second group that returns ${shown}, at its step 1`, async ({ gpu }) => {
        const running = await stepped(gpu, make());
        const mistake = assigning(running, "lr", (step: number) => (step === 1 ? returned : 0.1));
        await expectStepRefused(
          gpu,
          running,
          mistake,
          OptionError,
          `${name}: lr`,
          "step 1",
          shown,
          "(param group 1)",
        );
        running.optimizer.destroy();
      });
    }

    it("names lr as the option in the error that a schedule causes", async ({ gpu }) => {
      const running = await stepped(gpu, make({ lr: (step: number) => (step === 0 ? 0.1 : NaN) }));
      const step = () => {
        running.optimizer.step();
      };
      expect(await expectRefused(step, OptionError)).toMatchObject({ option: "lr", value: NaN });
      running.optimizer.destroy();
    });

    it("passes on what a schedule throws, with nothing encoded", async ({ gpu }) => {
      const running = await stepped(gpu, make());
      const mistake = assigning(running, "lr", () => {
        throw new RangeError("a schedule of the caller's");
      });
      await expectStepRefused(gpu, running, mistake, RangeError, "a schedule of the caller's");
      running.optimizer.destroy();
    });

    it("refuses another amsgrad than at create(), at step()", async ({ gpu }) => {
      const running = await stepped(gpu, make());
      const mistake = assigning(running, "amsgrad", true);
      await expectStepRefused(
        gpu,
        running,
        mistake,
        OptionError,
        `${name}: amsgrad was false`,
        "cannot change to true",
        "(param group 1); create a new optimizer",
      );
      running.optimizer.destroy();
    });

    it("refuses an illegal option of a frozen group too", async ({ gpu }) => {
      const running = await stepped(gpu, make(), [{}, { frozen: true }]);
      running.options(1).eps = -1;
      await expectRefused(
        () => {
          running.optimizer.step();
        },
        OptionError,
        `${name}: eps must be in [0, ∞), got -1 (param group 1)`,
      );
      running.optimizer.destroy();
    });

    it("refuses an lr whose step size is beyond float32, with the remedy", async ({ gpu }) => {
      const running = await stepped(gpu, make({ betas: [0.999, 0] }));
      const mistake = assigning(running, "lr", 3e38);
      await expectStepRefused(
        gpu,
        running,
        mistake,
        OptionError,
        `${name}: `,
        "beyond float32, at lr 3e+38 and step 2 (param group 1); lower lr",
      );
      running.optimizer.destroy();
    });

    it("allows lr 0, betas [0, 0], eps 0, weightDecay 0", async ({ gpu }) => {
      const running = await stepped(gpu, make({ lr: 0, betas: [0, 0], eps: 0, weightDecay: 0 }));
      running.optimizer.destroy();
    });
  });
}

describe("combinations of adabelief", () => {
  const conflicts = [
    {
      options: { rectify: true, amsgrad: true },
      late: "rectify",
      message: "rectify cannot be true with amsgrad true, which rectified steps would ignore; choose one",
    },
    {
      options: { fixedDecay: true, weightDecouple: false },
      late: "fixedDecay",
      message: "fixedDecay cannot be true with weightDecouple false; set weightDecouple to true",
    },
  ];
  for (const { options, late, message } of conflicts) {
    it(`refuses ${JSON.stringify(options)}, in the rule, in a group and when assigned`, async ({ gpu }) => {
      await expectRefused(() => adabelief(options), OptionError, `adabelief: ${message}`);
      const params = groupsWith(gpu, options);
      const inGroup = `adabelief: ${message} (param group 1)`;
      await expectCreateRefused(gpu, { params, rule: adabelief() }, OptionError, inGroup);

      const running = await stepped(gpu, asSomeRule(adabelief({ ...options, [late]: false })));
      const mistake = assigning(running, late, true);
      await expectStepRefused(gpu, running, mistake, OptionError, inGroup);
      running.optimizer.destroy();
    });
  }

  it("allows maxUpdate Infinity", () => {
    expect(adabelief({ maxUpdate: Infinity }).defaults.maxUpdate).toBe(Infinity);
  });
});

describe("the options of create()", () => {
  it.for([
    ["clipGradNorm", 0, "in (0, ∞], got 0"],
    ["clipGradNorm", -1, "in (0, ∞], got -1"],
    ["clipGradNorm", NaN, "in (0, ∞], got NaN"],
    ["clipGradNorm", "1", 'a number in (0, ∞], got "1" (string)'],
    ["clipGradValue", 0, "in (0, ∞], got 0"],
    ["clipGradValue", NaN, "in (0, ∞], got NaN"],
    ["clipGradValue", null, "a number in (0, ∞], got null"],
    ["skipNonFinite", 1, "true or false, got 1"],
    ["monitor", "yes", 'true or false, got "yes"'],
  ] as const)("refuses %s %s", async ([option, value, text], { gpu }) => {
    const args = { params: groupsWith(gpu, {}), options: { [option]: value } };
    const error = await expectCreateRefused(
      gpu,
      args,
      OptionError,
      `Optimizer.create: ${option} must be ${text}`,
    );
    expect(error).toMatchObject({ option, value });
  });

  it("refuses the unknown option clipNorm, naming the known ones", async ({ gpu }) => {
    const args = { params: groupsWith(gpu, {}), options: { clipNorm: 1 } };
    await expectCreateRefused(gpu, args, OptionError, 'unknown option "clipNorm"', "clipGradNorm");
  });

  it("refuses a label that is a number", async ({ gpu }) => {
    const args = { params: groupsWith(gpu, {}), options: { label: 5 } };
    await expectCreateRefused(gpu, args, OptionError, "label must be a string, got 5");
  });

  for (const [what, rule] of [
    ["adamw instead of adamw()", adamw],
    ["undefined", undefined],
    ["the name of a rule", "adam"],
  ] as const) {
    it(`refuses ${what} as the rule`, async ({ gpu }) => {
      await expectCreateRefused(gpu, { params: groupsWith(gpu, {}), rule }, OptimizerError, "rule");
    });
  }
});

describe("stateDict()", () => {
  it('refuses an lr of "0.1" assigned to a group, which no state may hold', async ({ gpu }) => {
    const running = await stepped(gpu, rules[0]!.make());
    running.options(1).lr = "0.1";
    const message = 'adam: lr must be a number in [0, ∞) or a schedule, got "0.1" (string) (param group 1)';
    await expectRefused(() => running.optimizer.stateDict(), OptionError, message);
    running.optimizer.destroy();
  });
});

describe("the options of step()", () => {
  for (const [gradScale, shown] of [
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    [-Infinity, "-Infinity"],
    [1e39, "1e+39"],
    ["2", '"2" (string)'],
    [null, "null"],
  ] as const) {
    it(`refuse gradScale ${shown}`, async ({ gpu }) => {
      const running = await stepped(gpu, rules[0]!.make());
      const before = await running.snapshot();
      const calls = watchCalls(gpu.device);
      const message = `adam: gradScale must be a finite number (float32), got ${shown}`;
      const error = await expectRefused(
        () => {
          running.optimizer.step({ gradScale: gradScale as number });
        },
        OptionError,
        message,
      );
      expect(calls.stop()).toEqual([]);
      expect(error).toMatchObject({ option: "gradScale", value: gradScale });
      expect(await running.snapshot()).toEqual(before);
      running.optimizer.destroy();
    });
  }

  it("refuse encoder and pass together", async ({ gpu }) => {
    const running = await stepped(gpu, rules[0]!.make());
    const before = await running.snapshot();
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    const both = () => {
      running.optimizer.step({ encoder, pass });
    };
    await expectRefused(both, UsageError, "step() was given both encoder and pass; give one of them");
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
    expect(await running.snapshot()).toEqual(before);
    running.optimizer.destroy();
  });

  it.for(["step", "zeroGrad"] as const)("refuse an unknown one of %s()", async (method, { gpu }) => {
    const running = await stepped(gpu, rules[0]!.make());
    const before = await running.snapshot();
    const call = () => {
      running.optimizer[method]({ gradscale: 2 } as object);
    };
    await expectRefused(call, OptionError, `${method}(): unknown option "gradscale"; known: `, "encoder");
    expect(await running.snapshot()).toEqual(before);
    running.optimizer.destroy();
  });
});
