// The parts of the demo that need no browser: options, IDX files, random numbers.
import { describe, expect, it } from "vitest";
import { DEFAULTS, parseOptions, runLength } from "../../demo/digits/options.mjs";
import { MeanSince } from "../../demo/learning/mean-since";
import type { StepsReport } from "../../demo/learning/train-together";
import { permutation, seededRandom } from "../../demo/shared/random";

describe("parseOptions", () => {
  it("has defaults for what is absent", () => {
    expect(parseOptions({})).toEqual({ options: DEFAULTS, problems: [] });
  });

  it("reads what is there", () => {
    const { options, problems } = parseOptions({ rule: "adamw", lr: " 1e-4 ", batch: "64", seed: "0" });
    expect(problems).toEqual([]);
    expect(options).toEqual({ ...DEFAULTS, rule: "adamw", lr: 1e-4, batch: 64, seed: 0 });
  });

  it.each([
    ["lr", "0"],
    ["lr", "1.0001"],
    ["lr", "Infinity"],
    ["lr", ""],
    ["batch", "0"],
    ["batch", "1e2"],
    ["epochs", "101"],
    ["seed", "-1"],
    ["seed", "4294967296"],
    ["rule", "constructor"],
  ])("names option, value and legal values of %s = %j", (name, value) => {
    const { options, problems } = parseOptions({ [name]: value }, (option) => `<${option}>`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      new RegExp(`^<${name}> must be (one of|a (whole )?number).*, got "${value}"$`),
    );
    expect(options).toEqual(DEFAULTS);
  });

  it("leaves out images that fill no batch", () => {
    expect(runLength({ ...DEFAULTS, limit: 1000, batch: 300, epochs: 2 })).toEqual({
      stepsPerEpoch: 3,
      totalSteps: 6,
    });
  });
});

describe("random numbers", () => {
  it("repeat with the seed, and differ without", () => {
    const draw = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });

  it("order each number once", () => {
    const order = permutation(1000, seededRandom(1));
    expect(new Set(order).size).toBe(1000);
    expect([...order]).not.toEqual([...order].sort((a, b) => a - b));
  });
});

describe("a mean since the last evaluation", () => {
  const report = (stepCount: number, loss: number): StepsReport => ({ stepCount, loss, wallMs: 1 });
  const losses = (runCount: number) => new MeanSince<StepsReport>(runCount, ({ loss }) => loss);

  it("is the same however the steps were reported, and begins anew", () => {
    const once = losses(2);
    once.add([report(4, 2.5), report(4, 1)]);
    const twice = losses(2);
    twice.add([report(1, 1), report(1, 1)]);
    twice.add([report(3, 3), report(3, 1)]);
    expect(twice.take()).toEqual(once.take());
    twice.add([report(2, 7), report(2, 9)]);
    expect(twice.take()).toEqual([7, 9]);
  });

  it("is no number for a run that has diverged, at once and later", () => {
    const some = losses(2);
    some.add([report(2, NaN), report(2, 1)]);
    expect(some.take()).toEqual([NaN, 1]);
    some.add([null, report(2, 3)]);
    expect(some.take()).toEqual([NaN, 3]);
  });
});
