// Runs the cases one after another, under error scopes, and reports.
import { DeviceError, OptionError, show } from "../errors.js";
import { underScopes } from "../gpu/error-scopes.js";
import { checkKeys } from "../param-groups.js";
import { conformanceCases, type ConformanceCase } from "./cases.js";
import type { CaseResult, ConformanceReport } from "./report.js";
import { Scratch } from "./scratch.js";

/** Options of {@link runConformance}. */
export type ConformanceOptions = {
  /** Runs the cases whose name contains this text, or that this function accepts. Default: all. */
  filter?: string | undefined | ((conformanceCase: { name: string; rule: string; kind: string }) => boolean);
  /** Called after every case. */
  onProgress?: ((progress: { done: number; total: number; result: CaseResult }) => void) | undefined;
  /** Stops the run between two cases; the report then has the cases so far. */
  signal?: AbortSignal | undefined;
};

/**
 * Proves every rule on a device, against the float64 reference.
 *
 * Cases are generated from all rules, each under every option off its default: one step from random states with
 * gradients of six kinds, sizes on both sides of every boundary, a thousand noisy steps, and what must give the same
 * bits. Nothing of the caller's is touched; buffers are destroyed after each case.
 *
 * @param device with any limits and features
 * @returns plain data; a case that fails is reported, not thrown
 * @throws {DeviceError} when the device is lost in mid-run
 * @example
 * const report = await runConformance(device, { filter: "adabelief" });
 * console.log(`${report.passed} of ${report.cases.length} cases pass on ${report.adapter.description}`);
 */
export async function runConformance(
  device: GPUDevice,
  options: ConformanceOptions = {},
): Promise<ConformanceReport> {
  checkKeys("runConformance", options, ["filter", "onProgress", "signal"]);
  const { filter = "", onProgress, signal } = options;
  if (typeof filter !== "string" && typeof filter !== "function") {
    throw new OptionError(
      `runConformance: filter must be a text or a function, got ${show(filter)}`,
      "filter",
      filter,
    );
  }
  const accepts =
    typeof filter === "function" ? filter : ({ name }: { name: string }) => name.includes(filter);
  const chosen = conformanceCases().filter(({ name, rule, kind }) => accepts({ name, rule, kind }));
  const lost = device.lost.then(({ message }) => {
    throw new DeviceError(`runConformance: the GPU device is lost: ${message}`);
  });
  lost.catch(() => undefined);
  const start = performance.now();
  const cases: CaseResult[] = [];
  for (const conformanceCase of chosen) {
    if (signal?.aborted) break;
    const result = await Promise.race([runCase(device, conformanceCase), lost]);
    cases.push(result);
    onProgress?.({ done: cases.length, total: chosen.length, result });
  }
  const passed = cases.filter((result) => result.passed).length;
  return {
    format: "webgpu-optim/conformance",
    version: 1,
    ...describeDevice(device),
    browser: (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent ?? "unknown",
    cases,
    passed,
    failed: cases.length - passed,
    aborted: signal?.aborted ?? false,
    durationMs: performance.now() - start,
  };
}

/** Lets the page draw and answer: a macrotask, not a microtask. */
const breathe = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

async function runCase(device: GPUDevice, { name, rule, kind, run }: ConformanceCase): Promise<CaseResult> {
  const start = performance.now();
  const scratch = new Scratch(device);
  const errors: string[] = [];
  const listen = (event: GPUUncapturedErrorEvent) => errors.push(event.error.message);
  device.addEventListener("uncapturederror", listen);
  let result: Pick<CaseResult, "measurements" | "thrown">;
  try {
    result = { measurements: await run(scratch, breathe) };
    // Errors of the case arrive before that of a scope opened after it.
    await underScopes(device, () => undefined).error;
  } catch (error) {
    result = {
      measurements: [],
      thrown: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    };
  } finally {
    device.removeEventListener("uncapturederror", listen);
    scratch.destroy();
  }
  if (errors.length > 0) result.thrown ??= `the device reported: ${errors.join("; ")}`;
  const within = result.measurements.every(({ error, bound }) => error <= bound);
  const passed = within && result.thrown === undefined;
  return { name, rule, kind, passed, ...result, durationMs: performance.now() - start };
}

function describeDevice(device: GPUDevice): Pick<ConformanceReport, "adapter" | "features" | "limits"> {
  // Older browsers have no adapterInfo on the device.
  const info = device.adapterInfo as GPUAdapterInfo | undefined;
  const limits: Record<string, number> = {};
  for (const key in device.limits) {
    const value = (device.limits as unknown as Record<string, unknown>)[key];
    if (typeof value === "number") limits[key] = value;
  }
  return {
    adapter: {
      vendor: info?.vendor ?? "",
      architecture: info?.architecture ?? "",
      device: info?.device ?? "",
      description: info?.description ?? "",
      fallback: info?.isFallbackAdapter ?? false,
    },
    features: [...device.features].sort(),
    limits,
  };
}
