// The command line of `npm run experiments`: options in, texts and messages out. It must not know browsers or runs.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { COMPARED_RULES, TASKS } from "../demo/learning/advised.mjs";

/**
 * @typedef {import("./grid.mjs").Choice} Choice
 * @typedef {Choice & { out: string, fresh: boolean }} Options
 */

const RESULTS = fileURLToPath(new URL("./results", import.meta.url));
const MAX_SEEDS = 100;
const MAX_STEPS = 1_000_000;

export const USAGE = `Trains the same networks under several update rules in a headless browser, on WebGPU, and writes what
came of it: a table (README.md), a figure for each task (SVG) and the numbers (results.json).

Usage: npm run experiments -- [options]

  --full           the whole grid, for a graphics card: three styles of network for images, LSTMs of one to three
                   layers, six rules, five seeds. The default is a small grid for a software adapter: some 50 minutes.
  --task <names>   some of ${TASKS.join(", ")}, separated by commas (default all)
  --rules <names>  some of ${COMPARED_RULES.join(", ")} (default adabelief, adam, rmsprop, sgd;
                   with --full all)
  --seeds <count>  runs of each kind, with the seeds 1, 2, … (default 3; with --full 5)
  --steps <count>  steps of each run, in place of the planned number: a trial
  --out <folder>   where results are kept and written (default experiments/results)
  --fresh          forgets the results that are there
  --help           shows this

Finished runs are kept: after an interruption, the same command goes on where it stopped.
Variables: WEBGPU_BROWSER names the browser to use; WEBGPU_ADAPTER is auto, hardware or software.
Exit status: 0 when all runs are done, 1 when one was not possible, 2 for an option that is wrong.`;

const OPTIONS = /** @type {const} */ ({
  full: { type: "boolean", default: false },
  task: { type: "string" },
  rules: { type: "string" },
  seeds: { type: "string" },
  steps: { type: "string" },
  out: { type: "string", default: RESULTS },
  fresh: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
});

/**
 * @template {string} Name
 * @param {string} option
 * @param {string | undefined} text
 * @param {readonly Name[]} names
 * @param {string[]} problems
 * @returns {Name[] | undefined}
 */
function someOf(option, text, names, problems) {
  if (text === undefined) return undefined;
  const given = text.split(",").map((part) => part.trim());
  const wrong = given.filter((name) => !names.some((known) => known === name));
  if (wrong.length > 0) problems.push(`--${option} must be some of ${names.join(", ")}, got "${text}"`);
  return names.filter((name) => given.includes(name));
}

/**
 * @param {string} option
 * @param {string | undefined} text
 * @param {number} max
 * @param {string[]} problems
 */
function count(option, text, max, problems) {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= 1 && value <= max)) {
    problems.push(`--${option} must be a whole number from 1 to ${max}, got "${text}"`);
  }
  return value;
}

/**
 * @param {string[]} args
 * @returns {{ help: true } | { problems: string[] } | { options: Options }}
 */
export function readCommandLine(args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: OPTIONS }));
  } catch (error) {
    return { problems: [/** @type {Error} */ (error).message] };
  }
  if (values.help) return { help: true };
  /** @type {string[]} */
  const problems = [];
  const options = {
    full: values.full,
    tasks: someOf("task", values.task, TASKS, problems) ?? [...TASKS],
    rules: someOf("rules", values.rules, COMPARED_RULES, problems),
    seeds: count("seeds", values.seeds, MAX_SEEDS, problems),
    steps: count("steps", values.steps, MAX_STEPS, problems),
    out: values.out,
    fresh: values.fresh,
  };
  return problems.length > 0 ? { problems } : { options };
}
