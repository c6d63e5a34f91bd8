import { expect, it } from "vitest";
import { runConformance } from "webgpu-optim/conformance";
it("all", async () => {
  const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
  const t: Record<string, number> = {};
  const report = await runConformance(device, {
    onProgress: ({ result }) => {
      t[result.kind] = (t[result.kind] ?? 0) + result.durationMs;
    },
  });
  console.log(
    report.cases.length,
    report.passed,
    report.failed,
    Math.round(report.durationMs),
    JSON.stringify(t),
  );
  console.log(
    JSON.stringify(
      report.cases
        .filter((c) => !c.passed)
        .map((c) => [c.name, c.thrown, c.measurements.filter((m) => !(m.error <= m.bound))]),
      null,
      1,
    ).slice(0, 6000),
  );
  expect(report.failed).toBe(0);
}, 300000);
