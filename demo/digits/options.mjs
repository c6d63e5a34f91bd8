// The options of a training run: their legal values, defaults and messages. Plain JavaScript, because the terminal
// command (node) and the page (browser) both read it. It must not know the DOM, the GPU or the command line.

export const MODELS = /** @type {const} */ (["mlp", "cnn", "vgg", "resnet", "densenet"]);
export const RULES = /** @type {const} */ (["adabelief", "adam", "adamw"]);
export const TRAINING_IMAGES = 60_000;

/**
 * @typedef {typeof MODELS[number]} ModelName
 * @typedef {typeof RULES[number]} RuleName
 * @typedef {object} RunOptions
 * @property {ModelName} model
 * @property {RuleName} rule
 * @property {number} lr learning rate
 * @property {number} batch images per step
 * @property {number} epochs passes over the training images
 * @property {number} limit number of training images used
 * @property {number} seed of the initial weights and of the order of the images
 */

/** @type {Readonly<RunOptions>} */
export const DEFAULTS = Object.freeze({
  model: "mlp",
  rule: "adabelief",
  lr: 2e-3,
  batch: 128,
  epochs: 4,
  limit: TRAINING_IMAGES,
  seed: 1,
});

/**
 * The value that a text stands for, or what the text should have been.
 * @typedef {{ value: string | number } | { expected: string }} Parsed
 */

/**
 * @param {readonly string[]} values
 * @returns {(text: string) => Parsed}
 */
function oneOf(values) {
  const expected = `one of ${values.join(", ")}`;
  return (text) => (values.includes(text) ? { value: text } : { expected });
}

/**
 * @param {number} min
 * @param {number} max
 * @returns {(text: string) => Parsed}
 */
function integer(min, max) {
  const expected = `a whole number from ${min} to ${max}`;
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? { value } : { expected };
  };
}

/**
 * @param {string} text
 * @returns {Parsed}
 */
function learningRate(text) {
  const value = text === "" ? NaN : Number(text);
  return value > 0 && value <= 1 ? { value } : { expected: "a number above 0 and at most 1" };
}

/** @type {Record<keyof RunOptions, (text: string) => Parsed>} */
const PARSERS = {
  model: oneOf(MODELS),
  rule: oneOf(RULES),
  lr: learningRate,
  batch: integer(1, 2000),
  epochs: integer(1, 100),
  limit: integer(1, TRAINING_IMAGES),
  seed: integer(0, 2 ** 32 - 1),
};

/** The names of all options. */
export const OPTION_NAMES = /** @type {(keyof RunOptions)[]} */ (Object.keys(PARSERS));

/**
 * Reads options from text, as it comes from a command line, a URL or a form. An option that is absent or wrong
 * has its default.
 * @param {Partial<Record<keyof RunOptions, string | undefined>>} texts
 * @param {(name: keyof RunOptions) => string} label how a message calls an option
 * @returns {{ options: RunOptions, problems: string[] }}
 */
export function parseOptions(texts, label = (name) => name) {
  const options = /** @type {Record<string, string | number>} */ ({ ...DEFAULTS });
  const problems = [];
  for (const name of OPTION_NAMES) {
    const text = texts[name]?.trim();
    if (text === undefined) continue;
    const parsed = PARSERS[name](text);
    if ("value" in parsed) options[name] = parsed.value;
    else problems.push(`${label(name)} must be ${parsed.expected}, got "${text}"`);
  }
  const result = /** @type {RunOptions} */ (/** @type {unknown} */ (options));
  if (problems.length === 0 && result.limit < result.batch) {
    problems.push(
      `${label("limit")} must be at least ${label("batch")} (${result.batch}), got ${result.limit}`,
    );
    result.limit = result.batch;
  }
  return { options: result, problems };
}

/**
 * How many steps a run takes; images that fill no batch are left out of an epoch.
 * @param {Pick<RunOptions, "limit" | "batch" | "epochs">} options
 */
export function runLength({ limit, batch, epochs }) {
  const stepsPerEpoch = Math.floor(limit / batch);
  return { stepsPerEpoch, totalSteps: stepsPerEpoch * epochs };
}
