// Writes what came of the runs as Markdown: a table and a verdict for each task. It must not know how runs are carried
// out.
import { RULE_LABELS } from "./labels.mjs";
import { summarise, verdict } from "./statistics.mjs";
import { TASK_TEXTS } from "./tasks.mjs";
import { ADVISED, TASKS } from "../demo/learning/advised.mjs";

/**
 * @typedef {import("./store.mjs").Result} Result
 * @typedef {import("./statistics.mjs").Summary} Summary
 * @typedef {import("./grid.mjs").Task} Task
 */

const CHAMPION = "adabelief";

/** @type {Record<import("../demo/learning/advised.mjs").Advice["source"], string>} */
const SOURCES = {
  adabelief: "code of the AdaBelief paper",
  hinton: "Tieleman and Hinton 2012",
  pytorch: "defaults of PyTorch",
  ours: "ours",
};

/**
 * The runs of a task in groups: by variant, then by rule, in the order in which they came.
 * @param {readonly Result[]} runs
 * @returns {Map<string, Map<string, Result[]>>}
 */
export function grouped(runs) {
  /** @type {Map<string, Map<string, Result[]>>} */
  const variants = new Map();
  for (const run of runs) {
    const rules = variants.get(run.variant) ?? new Map();
    variants.set(run.variant, rules);
    rules.set(run.rule, [...(rules.get(run.rule) ?? []), run]);
  }
  return variants;
}

/** @param {number | boolean | readonly number[]} value */
function valueOf(value) {
  if (typeof value === "number" && value !== 0 && value < 1e-3) return value.toExponential();
  return Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
}

/** @param {import("./grid.mjs").RuleSettings} settings */
const settingsText = (settings) =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${valueOf(value)}`)
    .join(", ");

/**
 * @param {Task} task
 * @param {Summary} summary
 */
function valueText(task, { count, diverged, mean, spread }) {
  const { format, formatSpread } = TASK_TEXTS[task];
  const parts = [];
  if (count > 0) parts.push(`${format(mean)}${Number.isNaN(spread) ? "" : ` ± ${formatSpread(spread)}`}`);
  if (diverged > 0) parts.push(`${diverged} diverged`);
  return parts.join(", ");
}

const VERDICTS = { wins: "wins", ties: "ties", loses: "loses", open: "open (one run)" };

/**
 * @param {Task} task
 * @param {Summary[]} summaries best first
 */
function tableRows(task, summaries) {
  const champion = summaries.find(({ rule }) => rule === CHAMPION);
  const { higherIsBetter, format } = TASK_TEXTS[task];
  return summaries.map((summary) => {
    const { rule, mean, trainingMean, count } = summary;
    const { settings, source } = ADVISED[task][rule];
    const judged = champion && rule !== CHAMPION ? VERDICTS[verdict(champion, summary, higherIsBetter)] : "";
    const training = Number.isNaN(trainingMean) || count === 0 ? "–" : format(trainingMean);
    const gap = Number.isNaN(trainingMean) || count === 0 ? "–" : format(Math.abs(trainingMean - mean));
    return [
      RULE_LABELS[rule],
      valueText(task, summary),
      ...(task === "images" ? [training, gap] : []),
      judged,
      `${settingsText(settings)} (${SOURCES[source]})`,
    ];
  });
}

/** @param {string[][]} rows the first one is the heading */
function markdownTable([heading = [], ...rows]) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  return [line(heading), line(heading.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Better first; a rule that always diverged last. */
const byMean =
  (/** @type {boolean} */ higherIsBetter) => (/** @type {Summary} */ a, /** @type {Summary} */ b) =>
    Number(a.count === 0) - Number(b.count === 0) || (higherIsBetter ? b.mean - a.mean : a.mean - b.mean);

/**
 * One sentence: where AdaBelief wins, ties and loses.
 * @param {Task} task
 * @param {readonly Summary[]} summaries
 */
function verdictSentence(task, summaries) {
  const champion = summaries.find(({ rule }) => rule === CHAMPION);
  const others = summaries.filter(({ rule }) => rule !== CHAMPION);
  if (!champion || others.length === 0) return "There is nothing to compare AdaBelief with.";
  const outcomes = {
    wins: "wins against",
    ties: "ties with",
    loses: "loses to",
    open: "is not yet told from",
  };
  const parts = Object.entries(outcomes).flatMap(([outcome, verb]) => {
    const rules = others.filter(
      (other) => verdict(champion, other, TASK_TEXTS[task].higherIsBetter) === outcome,
    );
    return rules.length === 0 ? [] : [`${verb} ${rules.map(({ rule }) => RULE_LABELS[rule]).join(", ")}`];
  });
  return `AdaBelief ${parts.join("; ")}.`;
}

/**
 * @param {Task} task
 * @param {readonly Result[]} runs at least one
 */
function section(task, runs) {
  const { title, measure, higherIsBetter, variant, scale, paper } = TASK_TEXTS[task];
  const seedCount = new Set(runs.map(({ seed }) => seed)).size;
  const first = /** @type {Result} */ (runs[0]);
  const parts = [
    `## ${title}`,
    `Measured: ${measure}; ${higherIsBetter ? "higher" : "lower"} is better. ${scale(first.sizes)} Mean ± standard ` +
      `deviation over ${seedCount} ${seedCount === 1 ? "seed" : "seeds"}.`,
    `![Curves of the task ${title}](./${task}.svg)`,
  ];
  for (const [name, rules] of grouped(runs)) {
    const summaries = [...rules.values()].map(summarise).sort(byMean(higherIsBetter));
    const heading = [
      "rule",
      task === "images" ? "test accuracy" : task === "language" ? "perplexity" : "FID",
      ...(task === "images" ? ["training accuracy", "gap"] : []),
      "AdaBelief",
      "settings (advised by)",
    ];
    parts.push(
      `### ${variant(name)}`,
      markdownTable([heading, ...tableRows(task, summaries)]),
      `**${verdictSentence(task, summaries)}**`,
    );
  }
  const notes = [...new Set(runs.map(({ rule }) => rule))].flatMap((rule) => {
    const { note } = ADVISED[task][rule];
    return note === undefined ? [] : [`${RULE_LABELS[rule]}: ${note}.`];
  });
  if (notes.length > 0) parts.push(notes.join(" "));
  parts.push(`The paper: ${paper}`);
  return parts.join("\n\n");
}

/**
 * @param {readonly Result[]} runs
 * @param {import("./store.mjs").Machine} machine
 */
export function reportText(runs, { adapter, browser }) {
  const hours = runs.reduce((sum, { wallMs }) => sum + wallMs, 0) / 3_600_000;
  const head = [
    "# Does AdaBelief pay? Measured here",
    `Written by \`npm run experiments\` from [results.json](./results.json): ${runs.length} runs, ` +
      `${hours.toFixed(hours < 1 ? 2 : 1)} hours, adapter **${adapter}**, browser ${browser}.`,
    "These are small networks on small data, trained for minutes: they show how the rules differ at this scale, and " +
      "neither confirm nor refute the paper's figures, which stand beside them. All rules of a task see the same batches " +
      "from the same start for each seed, and train at the settings that their authors advise, which nobody tuned here " +
      "unless it says so.",
    "Two rules **tie** when their means are no further apart than √(s₁² + s₂²), with s₁ and s₂ their standard " +
      "deviations over the seeds: the spread of the difference between one run of each. With three seeds this is a rough " +
      "measure. A rule whose runs diverge more often loses.",
  ];
  const sections = TASKS.flatMap((task) => {
    const ofTask = runs.filter((run) => run.task === task);
    return ofTask.length === 0 ? [] : [section(task, ofTask)];
  });
  return `${[...head, ...sections].join("\n\n")}\n`;
}
