// The command line of `npm run bench`: options in, texts and messages out. It must not know browsers.
import { parseArgs } from "node:util";
import { parseOptions, RULES, SUBJECTS } from "./options.mjs";

/** @typedef {import("./options.mjs").BenchmarkOptions} BenchmarkOptions */

export const USAGE = `Measures the optimizer step on WebGPU beside its limits and beside what people use instead.

Usage: npm run bench -- [options]

  --quick             the main sizes alone, in under two minutes
  --json <file>       writes the rows as JSON
  --dawn              in Node, on the package webgpu (Dawn), in place of a headless browser;
                      tfjs and jax-js, which need a browser, are left out
  --rules <names>     only these rules: ${RULES.join(", ")}
  --subjects <names>  only these subjects: ${SUBJECTS.join(", ")}
  --sizes <counts>    these numbers of parameters in place of the plan
  --tensors <counts>  with --sizes: spread over so many tensors (default 1)
  --help              shows this

Names and counts are separated by commas. Subjects: webgpu-optim is this package; streaming moves the same bytes without
arithmetic, the limit; copy is the device's buffer copy of as many bytes; naive is a hand-written Adam with one dispatch
per tensor; tfjs and jax-js are their Adam.

Variables: WEBGPU_BROWSER names the browser to use; WEBGPU_ADAPTER is auto, hardware or software; VK_DRIVER_FILES names
the Vulkan driver that Dawn is to use. Exit status: 0 when measured, 1 when that was not possible, 2 for an option that is
wrong.`;

const OPTIONS = /** @type {const} */ ({
  quick: { type: "boolean" },
  dawn: { type: "boolean" },
  json: { type: "string" },
  rules: { type: "string" },
  subjects: { type: "string" },
  sizes: { type: "string" },
  tensors: { type: "string" },
  help: { type: "boolean" },
});

/**
 * @param {string[]} args
 * @returns {{ help: true } | { problems: string[] } | { options: BenchmarkOptions, dawn: boolean, json: string | null }}
 */
export function readCommandLine(args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: OPTIONS }));
  } catch (error) {
    return { problems: [/** @type {Error} */ (error).message] };
  }
  if (values.help) return { help: true };
  const { dawn = false, json = null } = values;
  const { options, problems } = parseOptions(values, (name) => `--${name}`);
  if (json === "") problems.push("--json needs the name of a file");
  return problems.length > 0 ? { problems } : { options, dawn, json };
}
