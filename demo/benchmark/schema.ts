// The settings of the page, and the benchmark that they ask for. Must not know how it is run.
import { type BenchmarkOptions, parseOptions, SUBJECTS } from "../../bench/options.mjs";
import { flag, hidden, oneOf, type Setting, type Values } from "../shared/settings";

/** A list as the command line has it, which only the address can set; empty is the plan's own. */
function list(name: "sizes" | "rules", label: string, expected: string): Setting<string> {
  return hidden({
    label,
    default: "",
    expected,
    parse: (text) => (parseOptions({ [name]: text }).problems.length === 0 ? text : undefined),
    format: (text) => text,
    field: { kind: "hidden" },
  });
}

export const schema = {
  scope: oneOf("Extent", "quick", [
    { value: "quick", label: "Quick" },
    { value: "full", label: "Full" },
  ]),
  libraries: flag("With TensorFlow.js and jax-js", true),
  sizes: list("sizes", "Sizes", "numbers of parameters, separated by commas"),
  rules: list("rules", "Rules", "names of rules, separated by commas"),
};

const LIBRARIES: readonly string[] = ["tfjs", "jax-js"];

export function optionsOf({ scope, libraries, sizes, rules }: Values<typeof schema>): BenchmarkOptions {
  const { options } = parseOptions({
    quick: scope === "quick",
    ...(sizes !== "" && { sizes }),
    ...(rules !== "" && { rules }),
  });
  return {
    ...options,
    subjects: libraries ? null : SUBJECTS.filter((subject) => !LIBRARIES.includes(subject)),
  };
}
