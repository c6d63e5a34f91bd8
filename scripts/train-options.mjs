// The command line of `npm run train`: options in, texts and messages out. It must not know browsers.
import { parseArgs } from "node:util";
import { DEFAULTS, MODELS, parseOptions, RULES } from "../demo/digits/options.mjs";

/** @typedef {import("../demo/digits/options.mjs").RunOptions} RunOptions */

export const USAGE = `Trains a network on handwritten digits (MNIST) in a headless browser, on WebGPU.

Usage: npm run train -- [options]

  --rule <name>     update rule: ${RULES.join(", ")} (default ${DEFAULTS.rule})
  --lr <number>     learning rate at the start; it falls to 0 along half a cosine (default ${DEFAULTS.lr})
  --model <name>    network: ${MODELS.join(", ")} (default ${DEFAULTS.model})
  --epochs <count>  passes over the training images (default ${DEFAULTS.epochs})
  --batch <count>   images per step (default ${DEFAULTS.batch})
  --limit <count>   number of training images used (default ${DEFAULTS.limit})
  --seed <number>   of the initial weights and of the order of the images (default ${DEFAULTS.seed})
  --help            shows this

Variables: WEBGPU_BROWSER names the browser to use; WEBGPU_ADAPTER is auto, hardware or software.
The last line of the output is the accuracy on all 10 000 test images. Exit status: 0 when trained, 1 when training
was not possible, 2 for an option that is wrong.`;

const OPTIONS = /** @type {const} */ ({
  rule: { type: "string" },
  lr: { type: "string" },
  model: { type: "string" },
  epochs: { type: "string" },
  batch: { type: "string" },
  limit: { type: "string" },
  seed: { type: "string" },
  help: { type: "boolean" },
});

/** `--lr -1` as `--lr=-1`: a negative number is a bad value to be named, not another option. */
function attachNegatives(/** @type {string[]} */ args) {
  return args.flatMap((arg, index) => {
    if (/^-[\d.]/.test(arg) && args[index - 1]?.startsWith("--")) return [];
    const next = args[index + 1];
    return next !== undefined && arg.startsWith("--") && /^-[\d.]/.test(next) ? [`${arg}=${next}`] : [arg];
  });
}

/**
 * @param {string[]} args
 * @returns {{ help: true } | { problems: string[] } | { options: RunOptions }}
 */
export function readCommandLine(args) {
  let values;
  try {
    ({ values } = parseArgs({ args: attachNegatives(args), options: OPTIONS }));
  } catch (error) {
    return { problems: [/** @type {Error} */ (error).message] };
  }
  if (values.help) return { help: true };
  const { options, problems } = parseOptions(values, (name) => `--${name}`);
  return problems.length > 0 ? { problems } : { options };
}
