// The page "Digits": what is trained, and where each number goes. Must not know how training is done or drawn.
import { Comparison } from "../learning/comparison";
import { RuleChart } from "../learning/rule-chart";
import { runNumber, RuleTable } from "../learning/rule-table";
import { comparisonSettings } from "../learning/settings";
import { StepPanel } from "../learning/step-panel";
import { byId, onPress, setEnabled, setText } from "../shared/dom";
import { formatPercent } from "../shared/format";
import { ruleLabel } from "../shared/rules";
import { flag, half, more, oneOf, section, seed, type Values, whole } from "../shared/settings";
import type { OptimizerOptions } from "webgpu-optim";
import { type DigitSet, loadTestSet, loadTrainingSet } from "./data";
import { runLength, TRAINING_IMAGES } from "./options.mjs";
import { Predictions } from "./predictions";
import { type DigitSteps, READ_BATCH, Trainer } from "./trainer";

const sameLabel = <Value extends string>(value: Value) => ({ value, label: value });

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
  clip: section(
    "Gradients",
    oneOf(
      "Clip at norm",
      "off",
      [{ value: "off", label: "Off" }, ...(["0.25", "0.5", "1", "2"] as const).map(sameLabel)],
      "list",
    ),
  ),
  skip: flag("Skip batches that are not finite"),
  watch: flag("Watch each step", true),
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
const stepPanel = new StepPanel(byId("step-panel"));
const watchedRule = byId("step-rule", HTMLSelectElement);
const spoil = byId("spoil", HTMLButtonElement);
const predictions = new Predictions(byId("digits"), byId("digits-summary"));

let training: DigitSet;
let test: DigitSet;
let settings: Settings;
/** Smoothed losses, in the order of the rules. */
let smooth: (number | null)[] = [];

/** The runs under way, in the order of the rules. */
let trainers: Trainer[] = [];

const batchOf = ({ batch, limit }: Settings) => Math.min(batch, limit);

/** The settings as a run takes them; a batch is no larger than the images there are. */
const optionsOf = (values: Settings) => ({ ...values, batch: batchOf(values) });

const optimizerOptions = ({ clip, skip, watch }: Settings): OptimizerOptions => ({
  clipGradNorm: clip === "off" ? undefined : Number(clip),
  skipNonFinite: skip,
  monitor: watch,
});

/** Shows the steps of the rule that is picked. */
function followSteps(): void {
  stepPanel.clear();
  const trainer = trainers[watchedRule.selectedIndex];
  const { clipGradNorm, monitor } = optimizerOptions(settings);
  if (!monitor) stepPanel.showOff();
  else if (trainer) stepPanel.follow(trainer, clipGradNorm, trainer.totalSteps);
}

async function create(
  device: GPUDevice,
  values: Settings,
  rule: Parameters<typeof Trainer.create>[3],
): Promise<Trainer> {
  const trainer = await Trainer.create(device, training, optionsOf(values), rule, optimizerOptions(values));
  trainers.push(trainer);
  setEnabled(spoil, true);
  if (trainers.length - 1 === watchedRule.selectedIndex) followSteps();
  return trainer;
}

function spoilBatch(): void {
  for (const trainer of trainers) trainer.spoil();
  setText(
    byId("spoil-hint"),
    settings.skip
      ? "Its step is left out on the GPU, as if it never was."
      : "It went into the weights: the networks are lost. Turn skipping on, then reset.",
  );
}

function clear(values: Settings): void {
  settings = values;
  trainers = [];
  setEnabled(spoil, false);
  setText(byId("spoil-hint"), "A pixel that is not a number, as half precision makes when it overflows");
  watchedRule.replaceChildren(...values.rules.map((rule) => new Option(ruleLabel(rule), rule)));
  followSteps();
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

watchedRule.addEventListener("change", followSteps);
onPress(spoil, spoilBatch);

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
  create,
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
