// Opens a device for a benchmark, runs it, and makes the report. Must not know who shows it.
import { version } from "../package.json";
import { adapterName } from "../demo/shared/device";
import { Benchmark, type Run } from "./benchmark";
import type { Report } from "./rows";

export { planFor, type Progress, type Run } from "./benchmark";

/** A device with the adapter's largest buffers, and timestamps where there are some. */
export function requestBenchmarkDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const timestamps: GPUFeatureName = "timestamp-query";
  return adapter.requestDevice({
    requiredFeatures: adapter.features.has(timestamps) ? [timestamps] : [],
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
  });
}

/** The report of rows and notes, whole or not. */
export function reportOf(
  { adapterInfo }: GPUDevice,
  runtime: string,
  results: Pick<Report, "rows" | "notes" | "durationMs">,
): Report {
  const { vendor, architecture, device, description } = adapterInfo;
  return {
    format: "webgpu-optim/benchmark",
    adapter: { vendor, architecture, device, description },
    adapterName: adapterName(adapterInfo),
    runtime,
    date: new Date().toISOString(),
    version,
    ...results,
  };
}

/** Runs a benchmark. Rejects with the signal's reason when it is aborted; the rows so far have been told. */
export async function runBenchmark(device: GPUDevice, run: Run, runtime: string): Promise<Report> {
  const start = performance.now();
  const benchmark = new Benchmark(device, run);
  try {
    await benchmark.run();
  } finally {
    benchmark.destroy();
  }
  const { rows, notes } = benchmark;
  return reportOf(device, runtime, { rows, notes, durationMs: Math.round(performance.now() - start) });
}
