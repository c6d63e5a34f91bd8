// What can be asked of a benchmark: rules, subjects, sizes. Shared by the command line and the page; must not know
// either.

/** Every rule that can be measured, by the name of its function in the package. */
export const RULES = /** @type {const} */ ([
  "adam",
  "adamw",
  "adabelief",
  "sgd",
  "adagrad",
  "rmsprop",
  "nadam",
  "radam",
  "adamax",
  "lion",
]);

/** What is measured: this package, its limits, and what people use instead. */
export const SUBJECTS = /** @type {const} */ ([
  "webgpu-optim",
  "streaming",
  "copy",
  "naive",
  "tfjs",
  "jax-js",
]);

/**
 * @typedef {(typeof RULES)[number]} RuleName
 * @typedef {(typeof SUBJECTS)[number]} SubjectName
 *
 * @typedef {object} BenchmarkOptions
 * @property {boolean} quick fewer sizes and shorter samples
 * @property {readonly RuleName[] | null} rules only these; null for those of the plan
 * @property {readonly SubjectName[] | null} subjects only these; null for all
 * @property {readonly number[] | null} sizes parameters in total, in place of the plan's; null for the plan
 * @property {readonly number[]} tensors with `sizes`: over how many tensors each is spread
 */

/** The largest size that can be asked for: a gigabyte of parameters. */
export const MAX_SIZE = 2 ** 28;
export const MAX_TENSORS = 10_000;

/** @type {BenchmarkOptions} */
export const DEFAULTS = { quick: false, rules: null, subjects: null, sizes: null, tensors: [1] };

/**
 * @template {string} Name
 * @param {string} label
 * @param {string} text
 * @param {readonly Name[]} known
 * @param {string[]} problems
 * @returns {Name[]}
 */
function names(label, text, known, problems) {
  const given = text.split(",").map((name) => name.trim());
  const wrong = given.filter((name) => !known.includes(/** @type {Name} */ (name)));
  for (const name of wrong) problems.push(`${label} must be among ${known.join(", ")}, got "${name}"`);
  return /** @type {Name[]} */ ([...new Set(given)]);
}

/**
 * @param {string} label
 * @param {string} text
 * @param {number} max
 * @param {string[]} problems
 */
function counts(label, text, max, problems) {
  return text.split(",").map((part) => {
    const count = /^\s*\d+\s*$/.test(part) ? Number(part) : NaN;
    if (!(count >= 1 && count <= max)) {
      problems.push(`${label} must be whole numbers from 1 to ${max}, got "${part.trim()}"`);
    }
    return count;
  });
}

/**
 * Options out of texts.
 * @param {{ quick?: boolean, rules?: string, subjects?: string, sizes?: string, tensors?: string }} values
 * @param {(name: string) => string} [labelOf] how messages call an option
 * @returns {{ options: BenchmarkOptions, problems: string[] }}
 */
export function parseOptions(values, labelOf = (name) => name) {
  /** @type {string[]} */
  const problems = [];
  const { quick = false, rules, subjects, sizes, tensors } = values;
  const options = {
    quick,
    rules: rules === undefined ? null : names(labelOf("rules"), rules, RULES, problems),
    subjects: subjects === undefined ? null : names(labelOf("subjects"), subjects, SUBJECTS, problems),
    sizes: sizes === undefined ? null : counts(labelOf("sizes"), sizes, MAX_SIZE, problems),
    tensors: tensors === undefined ? [1] : counts(labelOf("tensors"), tensors, MAX_TENSORS, problems),
  };
  if (tensors !== undefined && sizes === undefined) {
    problems.push(`${labelOf("tensors")} needs ${labelOf("sizes")}`);
  }
  const { sizes: totals, tensors: spreads } = options;
  const most = Math.max(...spreads);
  for (const size of totals ?? []) {
    if (size < most)
      problems.push(`${labelOf("sizes")} must be at least ${labelOf("tensors")} (${most}), got ${size}`);
  }
  return problems.length > 0 ? { options: DEFAULTS, problems } : { options, problems };
}
