// The runs of the experiments: every task in its variants, under each rule, with each seed. It must not know how a run is
// carried out or shown.
import { ADVISED, COMPARED_RULES, TASKS } from "../demo/learning/advised.mjs";

/**
 * @typedef {import("../demo/learning/advised.mjs").Task} Task
 * @typedef {import("../demo/learning/advised.mjs").ComparedRule} ComparedRule
 * @typedef {import("../demo/learning/advised.mjs").RuleSettings} RuleSettings
 * @typedef {{ steps: number } & Record<string, number>} Sizes
 * @typedef {object} RunSpec
 * @property {Task} task
 * @property {string} variant the network, or the number of layers
 * @property {ComparedRule} rule
 * @property {number} seed
 * @property {Sizes} sizes
 * @property {RuleSettings} settings
 *
 * @typedef {object} Choice what the command line asks for
 * @property {boolean} full
 * @property {Task[]} tasks
 * @property {ComparedRule[] | undefined} rules
 * @property {number | undefined} seeds
 * @property {number | undefined} steps
 */

/** @type {Record<Task, { variants: string[], sizes: Sizes }>} */
const SMALL = {
  // Few images, seen often, so that training and test part. Steps take some 80, 100 and 45 ms in software: an hour has
  // room for all runs.
  images: { variants: ["resnet"], sizes: { steps: 768, batch: 64, limit: 4096 } },
  language: { variants: ["1"], sizes: { steps: 700, streams: 32, window: 16, hidden: 64 } },
  gan: { variants: ["dense"], sizes: { steps: 1600, batch: 32 } },
};

/** @type {Record<Task, { variants: string[], sizes: Sizes }>} */
const FULL = {
  images: { variants: ["vgg", "resnet", "densenet"], sizes: { steps: 7020, batch: 128, limit: 60_000 } },
  language: { variants: ["1", "2", "3"], sizes: { steps: 6000, streams: 64, window: 32, hidden: 128 } },
  gan: { variants: ["dense"], sizes: { steps: 30_000, batch: 64 } },
};

/** @type {ComparedRule[]} */
const SMALL_RULES = ["adabelief", "adam", "rmsprop", "sgd"];
const SMALL_SEEDS = 3;
const FULL_SEEDS = 5;

/**
 * The runs, task by task. Seeds come before rules, so that an early end leaves whole comparisons.
 * @param {Choice} choice
 * @returns {RunSpec[]}
 */
export function planRuns({ full, tasks, rules, seeds, steps }) {
  const grid = full ? FULL : SMALL;
  const wantedRules = rules ?? (full ? [...COMPARED_RULES] : SMALL_RULES);
  const seedCount = seeds ?? (full ? FULL_SEEDS : SMALL_SEEDS);
  return TASKS.filter((task) => tasks.includes(task)).flatMap((task) =>
    grid[task].variants.flatMap((variant) =>
      Array.from({ length: seedCount }, (_, index) => index + 1).flatMap((seed) =>
        COMPARED_RULES.filter((rule) => wantedRules.includes(rule)).map((rule) => ({
          task,
          variant,
          rule,
          seed,
          sizes: { ...grid[task].sizes, ...(steps === undefined ? {} : { steps }) },
          settings: ADVISED[task][rule].settings,
        })),
      ),
    ),
  );
}

/**
 * What tells runs apart: two runs of the same key are the same run.
 * @param {RunSpec} spec
 */
export function runKey({ task, variant, rule, seed, sizes, settings }) {
  return JSON.stringify([task, variant, rule, seed, sizes, settings]);
}
