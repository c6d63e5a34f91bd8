// The page "Digits": what is trained, and where each number goes. Must not know how training is done or drawn.
import { Comparison } from "../learning/comparison";
import { RuleChart } from "../learning/rule-chart";
import { runNumber, RuleTable } from "../learning/rule-table";
import { comparisonSettings } from "../learning/settings";
import { byId } from "../shared/dom";
import { formatPercent } from "../shared/format";
import { ruleLabel } from "../shared/rules";
import { half, more, oneOf, seed, type Values, whole } from "../shared/settings";
import { type DigitSet, loadTestSet, loadTrainingSet } from "./data";
import { runLength, TRAINING_IMAGES } from "./options.mjs";
import { Predictions } from "./predictions";
import { type DigitSteps, READ_BATCH, Trainer } from "./trainer";

const SCHEMA = {
  model: oneOf(
    "Network",
    "mlp",
    [
      { value: "mlp", label: "Dense, one hidden layer" },
      { value: "cnn", label: "Convolutional, plain" },
      { value: "vgg", label: "Like VGG" },
      { value: "resnet", label: "Like ResNet" },
      { value: "densenet", label: "Like DenseNet" },
    ],
    "list",
  ),
  ...comparisonSettings("advised", 2e-3),
  ...more({
    limit: half(whole("Training images", 6000, 1, TRAINING_IMAGES)),
    epochs: half(whole("Epochs", 10, 1, 100)),
    batch: half(whole("Batch size", 64, 1, 2000)),
    seed: half(seed()),
  }),
};

type Settings = Readonly<Values<typeof SCHEMA>>;

/** Batches jump: curves show their moving average, in which the newest report has this weight. */
const SMOOTHING = 0.25;

const loss = new RuleChart("loss", {
  yScale: "log",
  yRange: [0.01, 4],
  xMax: 1,
  formatY: String,
});
const accuracy = new RuleChart("accuracy", {
  yScale: "linear",
  yRange: [0.7, 1],
  xMax: 1,
  formatY: (value) => formatPercent(value, 0),
});
const gap = new RuleChart("gap", {
  yScale: "linear",
  yRange: [-0.02, 0.1],
  yFits: true,
  xMax: 1,
  formatY: (value) => formatPercent(value, 0),
});
const table = new RuleTable(byId("results"), {
  loss: "Loss",
  training: "Training accuracy",
  test: "Test accuracy",
  gap: "Gap",
  step: "ms a step",
  optimizer: "ms in step()",
});
const predictions = new Predictions(byId("digits"), byId("digits-summary"));

let training: DigitSet;
let test: DigitSet;
let settings: Settings;
/** Smoothed losses, in the order of the rules. */
let smooth: (number | null)[] = [];

const batchOf = ({ batch, limit }: Settings) => Math.min(batch, limit);

/** The settings as a run takes them; a batch is no larger than the images there are. */
const optionsOf = (values: Settings) => ({ ...values, batch: batchOf(values) });

function clear(values: Settings): void {
  settings = values;
  const { totalSteps } = runLength(optionsOf(values));
  for (const chart of [loss, accuracy, gap]) chart.start(values.rules, totalSteps);
  table.start(values.rules);
  predictions.clear();
  smooth = values.rules.map(() => null);
}

function onSteps(reports: readonly (DigitSteps | null)[], step: number): void {
  reports.forEach((report, index) => {
    if (!report) return;
    const { stepCount, wallMs, optimizerGpuMs, optimizerHostMs } = report;
    const before = smooth[index] ?? report.loss;
    smooth[index] = before + SMOOTHING * (report.loss - before);
    table.show(settings.rules[index]!, {
      loss: runNumber(report.loss, 3),
      step: (wallMs / stepCount).toFixed(1),
      optimizer: ((optimizerGpuMs ?? optimizerHostMs) / stepCount).toFixed(2),
    });
  });
  loss.add(step, smooth);
}

async function onEvaluate(runs: readonly Trainer[], step: number): Promise<void> {
  const scores = [];
  for (const [index, run] of runs.entries()) {
    const onTest = await run.score(test, READ_BATCH);
    const onTraining = await run.score(training, Math.min(READ_BATCH, settings.limit));
    scores.push({ test: onTest.accuracy, gap: onTraining.accuracy - onTest.accuracy });
    showScores(index, onTraining.accuracy, onTest.accuracy, 1);
  }
  accuracy.add(
    step,
    scores.map((score) => score.test),
  );
  gap.add(
    step,
    scores.map((score) => score.gap),
  );
  const [name] = settings.rules;
  predictions.show(await runs[0]!.read(test, 0, READ_BATCH), ruleLabel(name!));
}

function showScores(index: number, onTraining: number, onTest: number, digits: number): void {
  table.show(settings.rules[index]!, {
    training: formatPercent(onTraining, digits),
    test: formatPercent(onTest, digits),
    gap: formatPercent(onTraining - onTest, digits),
  });
}

new Comparison({
  task: "images",
  schema: SCHEMA,
  totalSteps: (values) => runLength(optionsOf(values)).totalSteps,
  async open(_, stage) {
    test = await loadTestSet((fraction) => {
      stage("Loading test digits", fraction);
    });
    predictions.draw(test);
  },
  async load(_, stage) {
    training = await loadTrainingSet((fraction) => {
      stage("Loading 60,000 training digits", fraction);
    });
  },
  create: (device, values, rule) => Trainer.create(device, training, optionsOf(values), rule),
  clear,
  onSteps,
  onEvaluate,
  async onFinish(runs, stage) {
    for (const [index, run] of runs.entries()) {
      const text = `Reading all 10,000 test digits: ${ruleLabel(settings.rules[index]!)}`;
      const onTest = await run.score(test, test.count, (fraction) => {
        stage(text, fraction);
      });
      const onTraining = await run.score(training, Math.min(settings.limit, test.count));
      showScores(index, onTraining.accuracy, onTest.accuracy, 2);
    }
  },
});
