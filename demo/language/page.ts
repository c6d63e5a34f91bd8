// The page "Language": what is trained, and where each number and text goes. Must not know how training is done or drawn.
import type { StepsReport } from "../learning/train-together";
import { Comparison } from "../learning/comparison";
import { MeanSince } from "../learning/mean-since";
import { RuleChart } from "../learning/rule-chart";
import { ruleDot, runNumber, RuleTable } from "../learning/rule-table";
import { comparisonSettings } from "../learning/settings";
import { byId, element, setText } from "../shared/dom";
import { formatCount } from "../shared/format";
import { ruleLabel } from "../shared/rules";
import { half, more, oneOf, seed, type Values, whole } from "../shared/settings";
import { type Book, loadBook } from "./text";
import { LanguageTrainer } from "./trainer";

const SCHEMA = {
  layers: oneOf("LSTM layers", "1", [
    { value: "1", label: "1" },
    { value: "2", label: "2" },
    { value: "3", label: "3" },
  ]),
  ...comparisonSettings("advised", 5e-3),
  ...more({
    steps: half(whole("Steps", 1500, 10, 100_000)),
    hidden: half(whole("Cells a layer", 64, 4, 512)),
    streams: half(whole("Streams", 32, 1, 256)),
    window: half(whole("Window", 16, 2, 64)),
    seed: half(seed()),
  }),
};

type Settings = Readonly<Values<typeof SCHEMA>>;

/** What every network writes on from. */
const PROMPT = "The whale ";
const WRITTEN = 220;
const WRITING_SEED = 7;

const charts = ["training", "validation"].map(
  (name) =>
    new RuleChart(name, {
      yScale: "linear",
      yRange: [0, 30],
      xMax: 1,
      formatY: String,
    }),
) as [RuleChart, RuleChart];
const [training, validation] = charts;
const table = new RuleTable(byId("results"), {
  training: "Training perplexity",
  validation: "On unseen text",
  norm: "Gradient norm",
  clipped: "Clipped to",
  step: "ms a step",
});

let book: Book;
let settings: Settings;
let texts: HTMLElement[] = [];
let losses: MeanSince<StepsReport>;

function clear(values: Settings): void {
  settings = values;
  for (const chart of charts) chart.start(values.rules, values.steps);
  table.start(values.rules);
  losses = new MeanSince(values.rules.length, (report) => report.loss);
  texts = values.rules.map(() => element("p"));
  byId("writing").replaceChildren(
    ...values.rules.map((rule, index) =>
      element("li", element("h3", ruleDot(rule), ruleLabel(rule)), texts[index]!),
    ),
  );
  setText(byId("writing-summary"), `Each writes on from “${PROMPT.trim()}”`);
}

function onSteps(reports: readonly (StepsReport | null)[], step: number): void {
  losses.add(reports);
  const perplexities = reports.map((report) => (report ? Math.exp(report.loss) : null));
  training.add(step, perplexities);
  reports.forEach((report, index) => {
    if (!report) return;
    table.show(settings.rules[index]!, {
      training: runNumber(perplexities[index]!, 2),
      step: (report.wallMs / report.stepCount).toFixed(0),
    });
  });
}

async function onEvaluate(runs: readonly LanguageTrainer[], step: number): Promise<void> {
  const values: number[] = [];
  const trained = losses.take();
  for (const [index, run] of runs.entries()) {
    const value = await run.perplexity();
    values.push(value);
    const { gradNorm, clipFactor } = await run.stats();
    table.show(settings.rules[index]!, {
      training: runNumber(Math.exp(trained[index]!), 2),
      validation: runNumber(value, 2),
      norm: runNumber(gradNorm, 2),
      clipped: runNumber(gradNorm * clipFactor, 2),
    });
    const text = Number.isFinite(value) ? await run.write(PROMPT, WRITTEN, WRITING_SEED) : "";
    setText(texts[index]!, `${PROMPT}${text}`);
  }
  validation.add(step, values);
  setText(byId("writing-summary"), `After ${formatCount(step)} steps`);
}

new Comparison({
  task: "language",
  schema: SCHEMA,
  totalSteps: ({ steps }) => steps,
  async load(_, stage) {
    stage("Loading Moby-Dick", null);
    book = await loadBook();
  },
  create(device, values, rule) {
    const { layers, hidden, streams, window, steps } = values;
    const options = { layers: Number(layers), hidden, streams, window, totalSteps: steps, seed: values.seed };
    return LanguageTrainer.create(device, book, options, rule);
  },
  clear,
  onSteps,
  onEvaluate,
});
