// The numbers of the page: progress, loss, accuracy, speed, the optimizer's time, and notices. Must not know where
// they come from.
import { byId, setText } from "../shared/dom";
import { formatCount, formatPercent } from "../shared/format";
import { ProgressBar } from "../shared/progress-bar";
import { type RunOptions, runLength } from "./options.mjs";
import type { DigitSteps } from "./trainer";

const BLANK = "\u00a0";
/** Weight of the newest chunk in speeds and times. */
const SMOOTHING = 0.25;

type Pace = { wallMs: number; hostMs: number; gpuMs: number | null };

export class Readings {
  readonly #progress = new ProgressBar(byId("progress"), byId("status"), byId("progress-detail"));
  #pace: Pace | null = null;
  #fraction = 0;

  adapter(name: string): void {
    setText(byId("adapter"), name);
  }

  /** Says what goes on beside training; `fraction` as in {@link ProgressBar.show}. */
  stage(text: string, fraction: number | null): void {
    this.#progress.show(text, fraction);
  }

  paused(): void {
    this.#progress.show("Paused", this.#fraction, byId("progress-detail").textContent);
  }

  /** Shows a notice, with a button to reload the page where that helps; null takes it away. */
  notice(text: string | null, offersReload = false): void {
    byId("notice").hidden = text === null;
    byId("reload").hidden = !offersReload;
    setText(byId("notice-text"), text ?? "");
  }

  /** Shows the newest steps of a run. */
  steps(report: DigitSteps, { step, epoch }: { step: number; epoch: number }, options: RunOptions): void {
    const { totalSteps } = runLength(options);
    this.#fraction = step / totalSteps;
    this.#progress.show(
      `Epoch ${epoch} of ${options.epochs}`,
      this.#fraction,
      `step ${formatCount(step)} of ${formatCount(totalSteps)}`,
    );
    setText(byId("loss"), report.loss.toFixed(3));
    setText(byId("loss-detail"), `in the last batch,\n${formatPercent(report.accuracy, 0)} of it read right`);

    const pace = (this.#pace = blend(this.#pace, report));
    const stepsPerSecond = 1000 / pace.wallMs;
    setText(byId("speed"), `${stepsPerSecond.toFixed(stepsPerSecond < 10 ? 1 : 0)} steps/s`);
    setText(
      byId("speed-detail"),
      `${pace.wallMs.toFixed(1)} ms a step,\n${formatCount(Math.round(stepsPerSecond * options.batch))} images/s`,
    );
    const optimizerMs = pace.gpuMs ?? pace.hostMs;
    setText(byId("optimizer"), `${optimizerMs.toFixed(2)} ms`);
    const share = `${formatPercent(optimizerMs / pace.wallMs, 1)} of training time`;
    const host = pace.gpuMs === null ? "on the CPU" : `plus ${pace.hostMs.toFixed(2)} ms of CPU`;
    setText(byId("optimizer-detail"), `${share},\n${host}`);
  }

  accuracy(fraction: number, digits: number, detail: string): void {
    setText(byId("accuracy"), formatPercent(fraction, digits));
    setText(byId("accuracy-detail"), detail);
  }

  /** Forgets a run. */
  clear(): void {
    this.#pace = null;
    this.#fraction = 0;
    for (const id of ["loss", "accuracy", "speed", "optimizer"]) {
      setText(byId(id), "–");
      setText(byId(`${id}-detail`), BLANK);
    }
    this.#progress.show("Ready", 0);
  }
}

/** Times of one step, the newest weighing {@link SMOOTHING}. */
function blend(before: Pace | null, report: DigitSteps): Pace {
  const { stepCount, optimizerGpuMs } = report;
  const now: Pace = {
    wallMs: report.wallMs / stepCount,
    hostMs: report.optimizerHostMs / stepCount,
    gpuMs: optimizerGpuMs === null ? null : optimizerGpuMs / stepCount,
  };
  if (!before) return now;
  const mix = (from: number, to: number) => from + SMOOTHING * (to - from);
  return {
    wallMs: mix(before.wallMs, now.wallMs),
    hostMs: mix(before.hostMs, now.hostMs),
    gpuMs: before.gpuMs === null || now.gpuMs === null ? now.gpuMs : mix(before.gpuMs, now.gpuMs),
  };
}
