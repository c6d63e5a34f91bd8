// The page behind `npm run train`: trains as the URL says and reports events to the terminal. Must not know how they
// are shown.
import { trainTogether } from "../learning/train-together";
import { RULES } from "../shared/rules";
import { adapterName, causeOf, DeviceLostError } from "../shared/device";
import { openJaxDevice } from "../shared/jax-device";
import { loadTestSet, loadTrainingSet } from "./data";
import { parseOptions, runLength } from "./options.mjs";
import { Trainer } from "./trainer";

/** What the terminal is told. */
export type TrainingEvent =
  | { type: "adapter"; name: string }
  | { type: "stage"; text: string }
  | { type: "progress"; step: number; totalSteps: number; epoch: number; loss: number; accuracy: number }
  | {
      type: "done";
      testAccuracy: number;
      stepCount: number;
      wallMs: number;
      hostMs: number;
      gpuMs: number | null;
    }
  | { type: "error"; message: string };

declare global {
  /** Provided by scripts/train.mjs; absent when a person opens the page. */
  var reportTraining: ((event: TrainingEvent) => Promise<void>) | undefined;
}

const CHUNK_MS = 250;
/** Weight of the newest batch in the accuracy and loss shown, which would flicker otherwise. */
const SMOOTHING = 0.2;

async function report(event: TrainingEvent): Promise<void> {
  await globalThis.reportTraining?.(event);
  document.querySelector("#log")!.textContent = JSON.stringify(event, null, 2);
}

/** The sum, or null when a part of it is unknown. */
const sum = (a: number | null, b: number | null) => (a === null || b === null ? null : a + b);

let device: GPUDevice | undefined;

async function run(): Promise<void> {
  const { options, problems } = parseOptions(Object.fromEntries(new URLSearchParams(location.search)));
  if (problems.length > 0) throw new Error(problems.join("\n"));
  device = await openJaxDevice();
  void device.lost.then((info) => report({ type: "error", message: new DeviceLostError(info).message }));
  device.addEventListener("uncapturederror", ({ error }) => {
    void report({ type: "error", message: error.message });
  });
  await report({ type: "adapter", name: adapterName(device.adapterInfo) });

  await report({ type: "stage", text: "Loading MNIST" });
  const [trainingSet, testSet] = await Promise.all([loadTrainingSet(), loadTestSet()]);
  await report({ type: "stage", text: "Compiling the model" });
  // A learning rate that falls to 0 along half a cosine ends closer to the optimum than a constant one.
  const { totalSteps } = runLength(options);
  const schedule = (step: number) => (options.lr * (1 + Math.cos((Math.PI * step) / totalSteps))) / 2;
  const rule = RULES[options.rule]({ lr: schedule });
  const trainer = await Trainer.create(device, trainingSet, options, rule);

  const total = { stepCount: 0, wallMs: 0, hostMs: 0, gpuMs: 0 as number | null };
  let loss: number | undefined;
  let accuracy = 0;
  await trainTogether([trainer], {
    signal: new AbortController().signal,
    chunkMs: CHUNK_MS,
    evaluateEvery: totalSteps,
    onEvaluate: () => Promise.resolve(),
    onSteps([steps]) {
      if (!steps) return;
      accuracy = loss === undefined ? steps.accuracy : accuracy + SMOOTHING * (steps.accuracy - accuracy);
      loss = loss === undefined ? steps.loss : loss + SMOOTHING * (steps.loss - loss);
      total.stepCount += steps.stepCount;
      total.wallMs += steps.wallMs;
      total.hostMs += steps.optimizerHostMs;
      total.gpuMs = sum(total.gpuMs, steps.optimizerGpuMs);
      const { step, epoch } = trainer;
      void report({ type: "progress", step, totalSteps, epoch, loss, accuracy });
    },
  });
  await report({ type: "stage", text: "Reading the 10 000 test images" });
  const { accuracy: testAccuracy } = await trainer.score(testSet);
  await report({ type: "done", testAccuracy, ...total });
}

run().catch(async (thrown: unknown) =>
  report({ type: "error", message: (await causeOf(thrown, device)).message }),
);
