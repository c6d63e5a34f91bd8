// The benchmark in a page without anything to see, for `npm run bench`. Must not know the terminal.
import { adapterName, causeOf, noAdapter, requireGpu } from "../demo/shared/device";
import { type Progress, requestBenchmarkDevice, runBenchmark } from "./run";
import type { BenchmarkOptions } from "./options.mjs";
import type { Report } from "./rows";

/** What the terminal is told. */
export type BenchmarkEvent =
  | Progress
  | { type: "adapter"; name: string }
  | { type: "done"; report: Report }
  | { type: "error"; message: string };

/**
 * Runs a benchmark and tells everything by `report`; never rejects.
 * @param runtime browser or runtime, in words
 */
export async function runHeadless(
  gpu: () => GPU,
  options: BenchmarkOptions,
  runtime: string,
  inBrowser: boolean,
  report: (event: BenchmarkEvent) => void,
): Promise<void> {
  let device: GPUDevice | undefined;
  try {
    const adapter = await gpu().requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) throw noAdapter();
    device = await requestBenchmarkDevice(adapter);
    report({ type: "adapter", name: adapterName(device.adapterInfo) });
    const { signal } = new AbortController();
    const run = { options, inBrowser, signal, onProgress: report };
    report({ type: "done", report: await runBenchmark(device, run, runtime) });
    device.destroy();
  } catch (error) {
    report({ type: "error", message: (await causeOf(error, device)).message });
  }
}

declare global {
  /** Provided by bench/browser.mjs. */
  var reportBenchmark: ((event: BenchmarkEvent) => Promise<void>) | undefined;
}

/** In a browser. */
export const runInPage = (options: BenchmarkOptions, runtime: string): Promise<void> =>
  runHeadless(requireGpu, options, runtime, true, (event) => void globalThis.reportBenchmark!(event));
