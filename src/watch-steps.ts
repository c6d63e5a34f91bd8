// Follows an optimizer's `stats()` as they come, for a live chart.
import { OptionError, UsageError, show } from "./errors.js";
import { checkKeys } from "./param-groups.js";
import type { StepStats } from "./step-stats.js";

/** What can be watched: an optimizer that has `stats()` to tell. */
type Watched = { stats: () => StepStats | Promise<StepStats> };

/** Options of {@link watchSteps}. */
export type WatchOptions = {
  /** Least time from one look to the next, in milliseconds, in [0, ∞). Default 100. */
  intervalMs?: number | undefined;
  /** Ends the watch, without an error. */
  signal?: AbortSignal | undefined;
};

/**
 * The figures of an optimizer as its steps run, in order, for a live chart: yields whenever a step has run since the last
 * look, and waits otherwise. Steps between two looks are left out. It never makes the GPU or a step wait.
 *
 * @param optimizer one that clips, skips or is monitored
 * @throws {OptionError} an illegal interval
 * @throws {UsageError} no optimizer, or what `stats()` throws: after `destroy()`, and when there is nothing to tell
 * @throws {DeviceError} the device is lost
 * @example
 * for await (const { step, gradNorm } of watchSteps(optimizer, { signal })) chart.add(step, gradNorm);
 */
export async function* watchSteps(
  optimizer: Watched,
  options: WatchOptions = {},
): AsyncGenerator<StepStats, void, undefined> {
  if (typeof (optimizer as Watched | undefined)?.stats !== "function") {
    throw new UsageError("watchSteps: optimizer must have stats()");
  }
  checkKeys("watchSteps", options, ["intervalMs", "signal"]);
  const { intervalMs = 100, signal } = options;
  if (!(typeof intervalMs === "number" && intervalMs >= 0 && intervalMs < Infinity)) {
    const message = `watchSteps: intervalMs must be in [0, ∞), got ${show(intervalMs)}`;
    throw new OptionError(message, "intervalMs", intervalMs);
  }
  let seen = 0;
  while (!signal?.aborted) {
    const stats = await optimizer.stats();
    if (signal?.aborted) return;
    // A count that is lower: a state was loaded.
    if (stats.step !== seen && stats.step > 0) yield stats;
    seen = stats.step;
    await pause(intervalMs, signal);
  }
}

/** Resolves after a time, or at once when the signal aborts. */
function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener("abort", end);
  });
}
