// The page "GAN": what is trained, and where each number and image goes. Must not know how training is done or drawn.
import { loadTestSet, loadTrainingSet, type DigitSet } from "../digits/data";
import { Comparison } from "../learning/comparison";
import { RuleChart } from "../learning/rule-chart";
import { runNumber, RuleTable } from "../learning/rule-table";
import { comparisonSettings } from "../learning/settings";
import { byId } from "../shared/dom";
import { half, more, seed, type Values, whole } from "../shared/settings";
import { Drawings, DRAWN } from "./drawings";
import { Judge, JUDGED_IMAGES } from "./judge";
import { NOISE } from "./models";
import { fixedNoise, type GanSteps, GanTrainer } from "./trainer";

const SCHEMA = {
  ...comparisonSettings("same", 1e-3),
  ...more({
    steps: half(whole("Steps", 3000, 10, 200_000)),
    batch: half(whole("Batch size", 32, 2, 512)),
    seed: half(seed()),
  }),
};

type Settings = Readonly<Values<typeof SCHEMA>>;

const NOISE_SEED = 3;

const fid = new RuleChart("fid", { yScale: "linear", yRange: [0, 350], xMax: 1, formatY: String });
const loss = new RuleChart("loss", { yScale: "linear", yRange: [0, 2.5], xMax: 1, formatY: String });
const table = new RuleTable(byId("results"), {
  fid: "FID",
  best: "Best FID",
  loss: "Loss of the critic",
  generator: "Loss of the artist",
  step: "ms a step",
});
const drawings = new Drawings();
const noise = fixedNoise(JUDGED_IMAGES, NOISE_SEED);

let digits: DigitSet;
let judge: Judge;
let settings: Settings;
/** The lowest distances so far, in the order of the rules. */
let best: number[] = [];

function clear(values: Settings): void {
  settings = values;
  fid.start(values.rules, values.steps);
  loss.start(values.rules, values.steps);
  table.start(values.rules);
  drawings.start(values.rules);
  best = values.rules.map(() => Infinity);
}

function onSteps(reports: readonly (GanSteps | null)[], step: number): void {
  loss.add(
    step,
    reports.map((report) => report?.loss ?? null),
  );
  reports.forEach((report, index) => {
    if (!report) return;
    table.show(settings.rules[index]!, {
      loss: runNumber(report.loss, 2),
      generator: runNumber(report.generatorLoss, 2),
      step: (report.wallMs / report.stepCount).toFixed(0),
    });
  });
}

async function onEvaluate(runs: readonly GanTrainer[], step: number): Promise<void> {
  const distances: number[] = [];
  const pixels: Float32Array[] = [];
  for (const [index, run] of runs.entries()) {
    const distance = await judge.distance(run.images(noise));
    distances.push(distance);
    if (distance < best[index]!) best[index] = distance;
    table.show(settings.rules[index]!, {
      fid: runNumber(distance, 1),
      best: Number.isFinite(best[index]) ? best[index]!.toFixed(1) : "–",
    });
    pixels.push(await run.pixels(noise.slice(0, DRAWN * NOISE)));
  }
  fid.add(step, distances);
  drawings.add(step, pixels);
}

new Comparison({
  task: "gan",
  schema: SCHEMA,
  totalSteps: ({ steps }) => steps,
  async load(device, stage) {
    const test = await loadTestSet((fraction) => {
      stage("Loading test digits", fraction);
    });
    digits = await loadTrainingSet((fraction) => {
      stage("Loading 60,000 digits", fraction);
    });
    judge = await Judge.create(device, digits, test, (fraction) => {
      stage("Training the classifier that measures the distance", fraction);
    });
  },
  create: (device, { batch, steps, seed: runSeed }, rule) =>
    GanTrainer.create(device, digits, { batch, totalSteps: steps, seed: runSeed }, rule),
  clear,
  onSteps,
  onEvaluate,
});
