// The settings of a page without a browser: texts, values, addresses.
import { describe, expect, it } from "vitest";
import {
  decimal,
  defaultsOf,
  flag,
  learningRate,
  oneOf,
  readQuery,
  seed,
  someOf,
  toQuery,
  whole,
} from "../../demo/shared/settings";

const options = ["adam", "sgd", "lion"].map((value) => ({ value, label: value }));
const schema = {
  lr: learningRate(0.01),
  noise: decimal("Noise", 1, { min: 0 }),
  count: whole("Count", 100, 1, 1000),
  seed: seed(),
  rule: oneOf("Rule", "adam", options),
  rules: someOf("Rules", ["adam", "sgd"], options, 2),
  amsgrad: flag("AMSGrad"),
};

describe("settings", () => {
  it("have defaults, which need no query", () => {
    expect(readQuery(schema, "")).toEqual({ values: defaultsOf(schema), problems: [] });
    expect(toQuery(schema, defaultsOf(schema))).toBe("");
  });

  it("survive the address", () => {
    const values = {
      lr: 3e-4,
      noise: 0,
      count: 7,
      seed: 2 ** 32 - 1,
      rule: "lion",
      rules: ["sgd", "lion"],
      amsgrad: true,
    };
    const query = toQuery(schema, values);
    expect(query).toContain("rules=sgd,lion");
    expect(readQuery(schema, query)).toEqual({ values, problems: [] });
  });

  it.each([
    ["lr", "NaN", "Learning rate must be a number above 0 and at most 1"],
    ["lr", "-1", "Learning rate must be a number above 0 and at most 1"],
    ["lr", "Infinity", "Learning rate must be a number above 0 and at most 1"],
    ["noise", "", "Noise must be a number at least 0"],
    ["count", "1e2", "Count must be a whole number from 1 to 1000"],
    ["count", "1001", "Count must be a whole number from 1 to 1000"],
    ["seed", "-1", "Seed must be a whole number from 0 to 4294967295"],
    ["rule", "sgdd", "Rule must be one of adam, sgd, lion"],
    ["rules", "adam,sgdd", "Rules must be 1 to 2 of adam, sgd, lion"],
    ["rules", "adam,sgd,lion", "Rules must be 1 to 2 of adam, sgd, lion"],
    ["rules", "", "Rules must be 1 to 2 of adam, sgd, lion"],
    ["amsgrad", "yes", "AMSGrad must be 0 or 1"],
  ])("refuse %s=%s, and use the default", (name, text, message) => {
    const { values, problems } = readQuery(schema, `?${name}=${text}`);
    expect(problems).toEqual([`${message}, got "${text}"`]);
    expect(values).toEqual(defaultsOf(schema));
  });
});
