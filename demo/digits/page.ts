// The page: its states, and what each event does. Must not know how training or drawing is done.
import { adapterName, causeOf, WebGpuMissingError } from "../shared/device";
import { StepPanel } from "../learning/step-panel";
import { byId, onPress, setEnabled } from "../shared/dom";
import { trainTogether } from "../learning/train-together";
import { openJaxDevice } from "../shared/jax-device";
import { RULES } from "../shared/rules";
import { Controls } from "./controls";
import { Curves } from "./curves";
import { type DigitSet, loadTestSet, loadTrainingSet } from "./data";
import { optimizerOptions, type RunOptions, runLength } from "./options.mjs";
import { Predictions } from "./predictions";
import { Readings } from "./readings";
import { READ_BATCH, Trainer } from "./trainer";

type State = "opening" | "idle" | "preparing" | "running" | "stopping" | "paused" | "finished" | "failed";

/** Label of the main button, and which buttons can be pressed. */
const BUTTONS: Record<State, [toggle: string, canToggle: boolean, canReset: boolean]> = {
  opening: ["Start", false, false],
  idle: ["Start", true, false],
  preparing: ["Starting", false, false],
  running: ["Pause", true, true],
  stopping: ["Pause", false, false],
  paused: ["Resume", true, true],
  finished: ["Train again", true, true],
  failed: ["Start", false, false],
};

const EVALUATE_EVERY = 25;
const CHUNK_MS = 120;

const readings = new Readings();
const predictions = new Predictions(byId("digits"), byId("digits-summary"));
const controls = new Controls(
  location.search,
  {
    onToggle: () => void toggle().catch(fail),
    onReset: () => void reset().catch(fail),
    onLearningRate(lr) {
      if (trainer) trainer.lr = lr;
    },
  },
  (problems) => {
    readings.notice(`${problems.join(". ")}. The default is used instead.`);
  },
);

const stepPanel = new StepPanel(byId("step-panel"));
const spoil = byId("spoil", HTMLButtonElement);
const curves = new Curves(runLength(controls.initial).totalSteps);
let state: State = "opening";
let device: GPUDevice | undefined;
let testSet: DigitSet;
let trainingSet: DigitSet | null = null;
let options: RunOptions;
let trainer: Trainer | null = null;
let stopSignal = new AbortController();
/** The loop under way, to be waited for before its trainer is destroyed. */
let looping: Promise<void> = Promise.resolve();

function enter(next: State): void {
  state = next;
  document.body.dataset.state = next;
  controls.setButtons(...BUTTONS[next]);
  setEnabled(spoil, next === "running");
}

/** A function, because the state may change during an await. */
const hasFailed = () => state === "failed";

async function fail(thrown: unknown): Promise<void> {
  stopSignal.abort();
  stepPanel.stop();
  const error = await causeOf(thrown, device);
  // The first message says most: what follows from a failure is noise.
  if (hasFailed()) return;
  enter("failed");
  readings.stage("Stopped", 0);
  const canReload = !(error instanceof WebGpuMissingError);
  readings.notice(
    canReload ? `${error.message.replace(/\.?$/, ".")} Reload the page to start again.` : error.message,
    canReload,
  );
}

async function open(): Promise<void> {
  enter("opening");
  device = await openJaxDevice();
  readings.adapter(adapterName(device.adapterInfo));
  void device.lost.then(fail);
  device.addEventListener("uncapturederror", ({ error }) => {
    void fail(new Error(`The GPU reported an error: ${error.message}`));
  });
  testSet = await loadTestSet((fraction) => {
    readings.stage("Loading test digits", fraction);
  });
  predictions.draw(testSet);
  enter("idle");
  readings.stage("Ready", 0);
}

async function toggle(): Promise<void> {
  if (state === "running") await stop();
  else if (state === "paused") run();
  else {
    const read = controls.read();
    if (!read) return;
    if (state === "finished") await reset();
    options = read;
    await start();
  }
}

async function start(): Promise<void> {
  enter("preparing");
  readings.notice(null);
  trainingSet ??= await loadTrainingSet((fraction) => {
    readings.stage("Loading 60,000 training digits", fraction);
  });
  readings.stage("Compiling the network for your GPU", null);
  const rule = RULES[options.rule]({ lr: options.lr });
  trainer = await Trainer.create(device!, trainingSet, options, rule, optimizerOptions(options));
  if (hasFailed()) return;
  controls.setRunning(options);
  curves.startRun(`${options.rule} ${options.lr}`, runLength(options).totalSteps);
  run();
}

/** Trains until the end or a stop. */
function run(): void {
  enter("running");
  stopSignal = new AbortController();
  const { clipGradNorm, monitor } = optimizerOptions(options);
  if (monitor) stepPanel.follow(trainer!, clipGradNorm, trainer!.totalSteps);
  else stepPanel.showOff();
  looping = loop(trainer!, stopSignal.signal).catch(fail);
}

async function loop(running: Trainer, signal: AbortSignal): Promise<void> {
  const isDone = await trainTogether([running], {
    signal,
    chunkMs: CHUNK_MS,
    evaluateEvery: EVALUATE_EVERY,
    onSteps([report]) {
      if (!report) return;
      readings.steps(report, running, options);
      curves.addBatch(running.step, report.loss, report.accuracy);
      if (Number.isFinite(report.loss)) return;
      readings.notice("The loss is no longer a number: the learning rate is too high. Lower it, then reset.");
      stopSignal.abort();
    },
    async onEvaluate() {
      const digits = await running.read(testSet, 0, READ_BATCH);
      const right = digits.filter((digit, row) => digit === testSet.labels[row]).length;
      predictions.show(digits);
      readings.accuracy(right / READ_BATCH, 1, `on ${READ_BATCH} digits\nthat it never trains on`);
      curves.addTest(running.step, right / READ_BATCH);
    },
  });
  if (hasFailed()) return;
  stepPanel.stop();
  if (!isDone) {
    enter("paused");
    readings.paused();
    return;
  }
  enter("stopping");
  const { accuracy } = await running.score(testSet, testSet.count, (fraction) => {
    readings.stage("Reading all 10,000 test digits", fraction);
  });
  readings.accuracy(accuracy, 2, "on all 10,000 digits\nthat it never trains on");
  readings.stage("Done", 1);
  enter("finished");
}

async function stop(): Promise<void> {
  enter("stopping");
  stopSignal.abort();
  await looping;
}

async function reset(): Promise<void> {
  if (state === "running") await stop();
  if (hasFailed()) return;
  stepPanel.clear();
  trainer?.destroy();
  trainer = null;
  controls.setRunning(null);
  curves.endRun();
  predictions.clear();
  readings.clear();
  readings.notice(null);
  enter("idle");
}

onPress(spoil, () => {
  trainer?.spoil();
  if (options.skip === "off") {
    readings.notice(
      "The spoilt batch goes into the weights: the network is lost. Turn skipping on, then reset.",
    );
  }
});
byId("reload").addEventListener("click", () => {
  location.reload();
});
readings.stage("Looking for a GPU", null);
open().catch(fail);
