// The curves of a run, and those of the run before for comparison. Must not know how they are computed.
import uPlot from "uplot";
import { byId } from "../shared/dom";
import { formatPercent } from "../shared/format";
import { type ChartData, LineChart } from "../shared/line-chart";

/** Weight of the newest chunk in the smoothed curves: single batches jump. */
const SMOOTHING = 0.15;
const LOSS_RANGE: [number, number] = [0.01, 4];
const ACCURACY_RANGE: [number, number] = [0.7, 1];

/** A moving average without the pull of its first value (Adam's bias correction). */
class MovingAverage {
  #sum = 0;
  #weight = 0;

  add(value: number): number {
    this.#sum += SMOOTHING * (value - this.#sum);
    this.#weight += SMOOTHING * (1 - this.#weight);
    return this.#sum / this.#weight;
  }
}

/** One run's values. Test values exist at some steps only. */
class Run {
  readonly steps: number[] = [];
  readonly loss: number[] = [];
  readonly smoothLoss: number[] = [];
  readonly smoothAccuracy: number[] = [];
  readonly testSteps: number[] = [];
  readonly testAccuracy: number[] = [];
  readonly lossAverage = new MovingAverage();
  readonly accuracyAverage = new MovingAverage();

  constructor(readonly name: string) {}
}

/** The line of the run before is the last of each chart. */
const PREVIOUS = 2;

export class Curves {
  #run = new Run("");
  #previous = new Run("");
  #xMax: number;
  readonly #loss: LineChart;
  readonly #accuracy: LineChart;
  #drawing = false;

  /** Empty curves for runs of this many steps. */
  constructor(totalSteps: number) {
    this.#xMax = totalSteps;
    const previous = { label: "", color: "--line-previous", width: 1.5, dash: [5, 4], optional: true };
    this.#loss = new LineChart(byId("loss-chart"), byId("loss-legend"), {
      yScale: "log",
      yRange: LOSS_RANGE,
      xMax: totalSteps,
      formatY: String,
      lines: [
        { label: "batch", color: "--line-faint", width: 1 },
        { label: "smooth", color: "--line-train", width: 2 },
        previous,
      ],
    });
    this.#accuracy = new LineChart(byId("accuracy-chart"), byId("accuracy-legend"), {
      yScale: "linear",
      yRange: ACCURACY_RANGE,
      xMax: totalSteps,
      formatY: (value) => formatPercent(value, 0),
      lines: [
        { label: "training", color: "--line-train", width: 1 },
        { label: "test", color: "--line-test", width: 2 },
        previous,
      ],
    });
  }

  /** Starts empty curves of a run. */
  startRun(name: string, totalSteps: number): void {
    this.#run = new Run(name);
    this.#xMax = totalSteps;
    this.#draw();
  }

  /** Makes the run the one before, if it got anywhere. */
  endRun(): void {
    if (this.#run.steps.length > 0) {
      this.#previous = this.#run;
      for (const chart of [this.#loss, this.#accuracy]) chart.rename(PREVIOUS, `before: ${this.#run.name}`);
    }
    this.startRun("", this.#xMax);
  }

  addBatch(step: number, loss: number, accuracy: number): void {
    const run = this.#run;
    run.steps.push(step);
    run.loss.push(loss);
    run.smoothLoss.push(run.lossAverage.add(loss));
    run.smoothAccuracy.push(run.accuracyAverage.add(accuracy));
    this.#draw();
  }

  addTest(step: number, accuracy: number): void {
    this.#run.testSteps.push(step);
    this.#run.testAccuracy.push(accuracy);
    this.#draw();
  }

  /** Draws at the next frame, once however much was added. */
  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      const { steps, loss, smoothLoss, smoothAccuracy, testSteps, testAccuracy } = this.#run;
      const before = this.#previous;
      this.#loss.show(join([steps, loss, smoothLoss], [before.steps, before.smoothLoss]), this.#xMax);
      this.#accuracy.show(
        join([steps, smoothAccuracy], [testSteps, testAccuracy], [before.testSteps, before.testAccuracy]),
        this.#xMax,
      );
    });
  }
}

/** One table from several that have x values of their own. */
function join(...tables: number[][][]): ChartData {
  return uPlot
    .join(tables as uPlot.AlignedData[])
    .map((column) => Array.from(column, (value) => value ?? null)) as unknown as ChartData;
}
