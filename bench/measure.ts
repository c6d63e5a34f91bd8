// Measures runners: GPU time side by side, host time, objects and garbage. Must not know any subject.
import type { GpuTimer } from "../demo/shared/gpu-timer";
import { heapTaken } from "./heap";
import { countCreations } from "./objects";
import type { Timing } from "./rows";
import type { Runner } from "./runner";
import { spread } from "./statistics";

/** How long and how often GPU time is measured. */
export type SamplingEffort = {
  /** What a sample is to take: many steps of small tensors, one of large ones. */
  sampleMs: number;
  /** Samples of each competitor, fewer (but at least `minSamples`) when they take more than `competitorMs`. */
  samples: number;
  minSamples: number;
  competitorMs: number;
  /** Untimed steps before the first sample. */
  warmSteps: number;
};

/** How long and how often is measured. */
export type Effort = SamplingEffort & {
  /** Steps of which the host time is taken, fewer when they take more than `hostMs`. */
  hostSteps: number;
  hostMs: number;
};

/** One of those that are measured side by side, in turn, so that what disturbs one disturbs all. */
export type Competitor = {
  runner: Runner;
  timing: Timing;
  stepsPerSample: number;
  /** Milliseconds of one step, sample by sample. */
  samples: number[];
  spentMs: number;
};

/** Recorded steps that the package lets wait for their submission, with room to spare. */
const MAX_STEPS_PER_SAMPLE = 2048;
/** A sample that ends before this much time is taken again with more steps. */
const CALIBRATED = 0.5;
/** A step of so many samples' time is a long one, interrupted or not. */
const LONG = 10;

/** Milliseconds of so many steps. */
async function timeSteps(
  runner: Runner,
  timing: Timing,
  timer: GpuTimer | null,
  steps: number,
): Promise<number> {
  if (timing === "timestamp-query") {
    timer!.run((pass) => {
      for (let step = 0; step < steps; step++) runner.encode!(pass);
    });
    return (await timer!.read()).totalMs;
  }
  const start = performance.now();
  for (let step = 0; step < steps; step++) runner.step();
  await runner.finished();
  return performance.now() - start;
}

/** Warms a runner up and finds how many of its steps make a sample. */
export async function prepare(
  runner: Runner,
  timing: Timing,
  timer: GpuTimer | null,
  { sampleMs, warmSteps }: SamplingEffort,
): Promise<Competitor> {
  for (let step = 0; step < warmSteps; step++) runner.step();
  await runner.finished();
  let steps = 1;
  for (;;) {
    let ms = await timeSteps(runner, timing, timer, steps);
    // What happened to be interrupted would leave all samples with too few steps.
    if (ms >= CALIBRATED * sampleMs && ms < LONG * sampleMs) {
      ms = Math.min(ms, await timeSteps(runner, timing, timer, steps));
    }
    if (ms >= CALIBRATED * sampleMs || steps === MAX_STEPS_PER_SAMPLE) {
      const wanted = ms > 0 ? Math.round((steps * sampleMs) / ms) : steps;
      const stepsPerSample = Math.max(1, Math.min(MAX_STEPS_PER_SAMPLE, wanted));
      return { runner, timing, stepsPerSample, samples: [], spentMs: 0 };
    }
    const factor = ms > 0 ? Math.ceil(sampleMs / ms) : 16;
    steps = Math.min(MAX_STEPS_PER_SAMPLE, steps * Math.max(2, Math.min(16, factor)));
  }
}

/** Takes the samples of all competitors in turn; `onRound` may throw to end it. */
export async function compete(
  competitors: readonly Competitor[],
  timer: GpuTimer | null,
  { samples, minSamples, competitorMs }: SamplingEffort,
  onRound: () => void = () => undefined,
): Promise<void> {
  for (let round = 0; round < samples; round++) {
    onRound();
    for (const competitor of competitors) {
      const { runner, timing, stepsPerSample } = competitor;
      if (round >= minSamples && competitor.spentMs > competitorMs) continue;
      const start = performance.now();
      const ms = await timeSteps(runner, timing, timer, stepsPerSample);
      competitor.spentMs += performance.now() - start;
      // A clock that was reset in mid-sample brings none.
      if (ms > 0) competitor.samples.push(ms / stepsPerSample);
    }
  }
}

/** What a step costs beside GPU time. */
export type HostCost = {
  hostMs: number;
  hostSteps: number;
  objectsPerStep: number;
  encodersPerStep: number;
  garbageBytesPerStep: number | null;
};

/** Batches of which the host time is taken, fewer when they take more than a moment. */
const HOST_BATCHES = 5;
const SHORT_MS = 300;
const COUNTED_STEPS = 10;
const GARBAGE_STEPS = 100;
const GARBAGE_TRIES = 3;
/** Where only calls are counted, the GPU is given at most so many samples' worth of steps. */
const COUNTED_SAMPLES = 4;

/**
 * Measures what `step()` costs the host.
 * @param batch as many steps may wait for the GPU at once
 */
export async function hostCost(
  { runner, stepsPerSample }: Competitor,
  batch: number,
  { hostSteps, hostMs: budgetMs }: Effort,
  signal: AbortSignal,
): Promise<HostCost> {
  const repeat = (steps: number) => () => {
    for (let step = 0; step < steps; step++) runner.step();
  };
  const begin = performance.now();
  const elapsed = () => performance.now() - begin;
  // Means of batches, because a clock may tick at 0.1 ms; their median, because other programs interrupt some.
  const batches: number[] = [];
  const isEnough = () =>
    batches.length * batch >= hostSteps && (batches.length >= HOST_BATCHES || elapsed() > SHORT_MS);
  while (batches.length === 0 || (!isEnough() && elapsed() < budgetMs)) {
    signal.throwIfAborted();
    const start = performance.now();
    repeat(batch)();
    batches.push((performance.now() - start) / batch);
    await runner.finished();
  }
  const few = Math.min(batch, COUNTED_SAMPLES * stepsPerSample);
  const counted = Math.min(few, COUNTED_STEPS);
  const { objects, encoders } = countCreations(repeat(counted));
  await runner.finished();
  const garbageSteps = Math.min(few, GARBAGE_STEPS);
  const garbage: number[] = [];
  for (let attempt = 0; attempt < GARBAGE_TRIES; attempt++) {
    signal.throwIfAborted();
    const taken = heapTaken(repeat(garbageSteps));
    await runner.finished();
    if (taken !== null) garbage.push(taken / garbageSteps);
  }
  return {
    hostMs: spread(batches).median,
    hostSteps: batches.length * batch,
    objectsPerStep: objects / counted,
    encodersPerStep: encoders / counted,
    // What else the runtime allocates meanwhile only adds.
    garbageBytesPerStep: garbage.length > 0 ? Math.round(Math.min(...garbage)) : null,
  };
}
