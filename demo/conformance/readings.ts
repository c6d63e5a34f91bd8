// The numbers of a run: progress, pass and fail, the largest error, bars by rule. Must not know who runs it.
import type { CaseResult } from "webgpu-optim/conformance";
import { byId, setText } from "../shared/dom";
import { formatCount, formatDuration } from "../shared/format";
import { ProgressBar } from "../shared/progress-bar";
import { outcomesByRule } from "./outcome";
import type { RuleBars } from "./rule-bars";
import { formatUsed } from "./words";

const BLANK = "\u00a0";

export class Readings {
  readonly #progress = new ProgressBar(byId("progress"), byId("status"), byId("progress-detail"));

  /** Says what goes on beside a run; `fraction` as in {@link ProgressBar.show}. */
  stage(text: string, fraction: number | null): void {
    this.#progress.show(text, fraction);
    this.current(null);
  }

  /** How far a run is. */
  progress(status: string, done: number, total: number, elapsedMs: number): void {
    this.#progress.show(
      status,
      total === 0 ? 0 : done / total,
      `${formatCount(done)} of ${formatCount(total)} · ${formatDuration(elapsedMs)}`,
    );
  }

  /** The case being run, or null. */
  current(name: string | null): void {
    setText(byId("current"), name ?? BLANK);
  }

  /** Sums up what has been run. */
  results(results: readonly CaseResult[], total: number, rules: readonly string[], bars: RuleBars): void {
    const outcomes = outcomesByRule(rules, results);
    bars.show(outcomes);
    const passed = results.filter((result) => result.passed).length;
    const failed = results.length - passed;
    const none = results.length === 0;
    setText(byId("passed"), none ? "–" : formatCount(passed));
    setText(byId("passed-detail"), none ? BLANK : `of ${formatCount(total)} cases`);
    setText(byId("failed"), none ? "–" : formatCount(failed));
    byId("failed").classList.toggle("over", failed > 0);
    const largest = outcomes
      .filter(({ worst }) => worst)
      .sort((a, b) => b.worst!.used - a.worst!.used)
      .at(0);
    setText(byId("largest"), largest ? formatUsed(largest.worst!.used) : "–");
    setText(byId("largest-detail"), largest ? `of bound, ${largest.rule}` : BLANK);
  }
}
