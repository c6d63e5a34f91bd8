// Runs in the headless browser: carries out one run after the other, as told from outside. Must not know the grid or what
// becomes of the results.
import type { RuleOptions, UpdateRule } from "webgpu-optim";
import { type DigitSet, loadTestSet, loadTrainingSet } from "../demo/digits/data";
import type { ModelName } from "../demo/digits/options.mjs";
import { Trainer } from "../demo/digits/trainer";
import { Judge, JUDGED_IMAGES } from "../demo/gan/judge";
import { fixedNoise, GanTrainer } from "../demo/gan/trainer";
import { loadBook } from "../demo/language/text";
import { LanguageTrainer } from "../demo/language/trainer";
import { advisedRule, tenthTwice } from "../demo/learning/advised-rules";
import { MeanSince } from "../demo/learning/mean-since";
import { type Run, type StepsReport, trainTogether } from "../demo/learning/train-together";
import { adapterName, causeOf } from "../demo/shared/device";
import { openJaxDevice } from "../demo/shared/jax-device";
import type { RunSpec } from "./grid.mjs";

/** One point of a curve. `training` is the same measure on what was trained on, where there is one. */
export type Point = { step: number; value: number | null; training?: number | null };

/** What came of a run. Values are null where a run diverged: JSON has no NaN. */
export type Outcome = {
  curve: Point[];
  /** Test accuracy, perplexity per character, or FID. */
  value: number | null;
  training?: number | null;
};

declare global {
  /** Told of the completed steps; absent when nobody wants to know. */
  var reportStep: ((step: number) => void) | undefined;
}

type Measure = { value: number; training?: number };

/** A run that can be measured on the way and at its end. */
type Measured = {
  run: Run<StepsReport> & { destroy: () => void };
  /** @param loss mean loss of the steps since the last measurement */
  measure: (loss: number) => Promise<Measure>;
  measureLast: (loss: number) => Promise<Measure>;
};

const MEASUREMENTS = 10;
const CHUNK_MS = 1000;
/** Images that accuracies on the way are measured over. */
const GLANCE = 1000;
const NOISE_SEED = 12_345;

let device: GPUDevice | undefined;
/** What has been fetched and trained once for all runs. */
const kept: { digits?: { training: DigitSet; test: DigitSet }; judge?: Judge } = {};

async function digits() {
  if (kept.digits) return kept.digits;
  const [training, test] = await Promise.all([loadTrainingSet(), loadTestSet()]);
  kept.digits = { training, test };
  return kept.digits;
}

async function images(spec: RunSpec, rule: UpdateRule<RuleOptions>): Promise<Measured> {
  const { training, test } = await digits();
  const { batch, limit, steps } = spec.sizes as { batch: number; limit: number; steps: number };
  const epochs = Math.ceil(steps / Math.floor(limit / batch));
  const options = { model: spec.variant as ModelName, batch, limit, epochs, seed: spec.seed };
  const trainer = await Trainer.create(device!, training, options, rule);
  const score = async (testCount: number, trainingCount: number) => ({
    value: (await trainer.score(test, testCount)).accuracy,
    training: (await trainer.score(training, trainingCount)).accuracy,
  });
  return {
    run: trainer,
    measure: () => score(GLANCE, GLANCE),
    measureLast: () => score(test.count, Math.min(limit, test.count)),
  };
}

async function language(spec: RunSpec, rule: UpdateRule<RuleOptions>): Promise<Measured> {
  const { streams, window, hidden, steps } = spec.sizes as Record<
    "streams" | "window" | "hidden" | "steps",
    number
  >;
  const { seed } = spec;
  const options = { layers: Number(spec.variant), hidden, streams, window, totalSteps: steps, seed };
  const trainer = await LanguageTrainer.create(device!, await loadBook(), options, rule);
  const measure = async (loss: number) => ({ value: await trainer.perplexity(), training: Math.exp(loss) });
  return { run: trainer, measure, measureLast: measure };
}

async function gan(spec: RunSpec, rule: UpdateRule<RuleOptions>): Promise<Measured> {
  const { training, test } = await digits();
  const judge = (kept.judge ??= await Judge.create(device!, training, test));
  const { batch, steps } = spec.sizes as { batch: number; steps: number };
  const trainer = await GanTrainer.create(
    device!,
    training,
    { batch, totalSteps: steps, seed: spec.seed },
    rule,
  );
  const noise = fixedNoise(JUDGED_IMAGES, NOISE_SEED);
  const measure = async () => ({ value: await judge.distance(trainer.images(noise)) });
  return { run: trainer, measure, measureLast: measure };
}

const TASKS = { images, language, gan };

const finite = (value: number | undefined) => (Number.isFinite(value) ? value! : null);

/** A measurement as JSON can hold it. */
const recorded = ({ value, training }: Measure) => ({
  value: finite(value),
  ...(training === undefined ? {} : { training: finite(training) }),
});

/** Opens the GPU and tells its name. */
export async function open(): Promise<{ adapter: string }> {
  device = await openJaxDevice();
  return { adapter: adapterName(device.adapterInfo) };
}

/** Carries out one run. */
export async function run(spec: RunSpec): Promise<Outcome> {
  try {
    return await carryOut(spec);
  } catch (error) {
    throw await causeOf(error, device);
  }
}

async function carryOut(spec: RunSpec): Promise<Outcome> {
  const { lr } = spec.settings;
  const { steps } = spec.sizes;
  // GANs are trained at one learning rate.
  const schedule = spec.task === "gan" ? lr : tenthTwice(lr, steps);
  const { run, measure, measureLast } = await TASKS[spec.task](
    spec,
    advisedRule(spec.task, spec.rule, schedule),
  );
  const curve: Point[] = [];
  const losses = new MeanSince<StepsReport>(1, (report) => report.loss);
  let last: Outcome | undefined;
  await trainTogether([limited(run, steps)], {
    signal: new AbortController().signal,
    chunkMs: CHUNK_MS,
    evaluateEvery: Math.ceil(steps / MEASUREMENTS),
    onSteps(reports, step) {
      losses.add(reports);
      globalThis.reportStep?.(step);
    },
    async onEvaluate(step) {
      const [loss = NaN] = losses.take();
      const hasDiverged = !Number.isFinite(loss);
      const isLast = step === steps || hasDiverged;
      // Images are read by weights that are no numbers too, but it says nothing.
      const point = hasDiverged ? { value: null } : recorded(await (isLast ? measureLast : measure)(loss));
      curve.push({ step, ...point });
      if (isLast) last = { curve, ...point };
    },
  });
  run.destroy();
  return last!;
}

/** A run that ends after fewer steps than its epochs have. */
function limited(run: Run<StepsReport>, totalSteps: number): Run<StepsReport> {
  return {
    totalSteps,
    get step() {
      return run.step;
    },
    train: (stepCount) => run.train(stepCount),
  };
}
