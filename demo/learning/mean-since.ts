// The mean of a figure over the steps since it was last asked for. Must not know what the figure is.
//
// Runs report in chunks whose length depends on the machine's speed. What is shown at an evaluation is a mean over all
// steps since the evaluation before, so that the same seed shows the same number everywhere.
import type { StepsReport } from "./train-together";

export class MeanSince<Report extends StepsReport> {
  readonly #figure: (report: Report) => number;
  #sums: { total: number; stepCount: number }[];

  /**
   * @param runCount runs that report
   * @param figure a mean over all steps of a report
   */
  constructor(runCount: number, figure: (report: Report) => number) {
    this.#figure = figure;
    this.#sums = Array.from({ length: runCount }, () => ({ total: 0, stepCount: 0 }));
  }

  /** Takes reports in the order of the runs; null for a run that has diverged before. */
  add(reports: readonly (Report | null)[]): void {
    reports.forEach((report, index) => {
      const sum = this.#sums[index]!;
      // A run that has diverged stays diverged.
      sum.total += report ? this.#figure(report) * report.stepCount : NaN;
      sum.stepCount += report?.stepCount ?? 0;
    });
  }

  /** The means since the last call, in the order of the runs. */
  take(): number[] {
    const means = this.#sums.map(({ total, stepCount }) => total / stepCount);
    for (const sum of this.#sums) sum.total = sum.stepCount = 0;
    return means;
  }
}
