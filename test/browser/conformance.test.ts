// The conformance suite on the tests' device, one test per case, and how a run behaves.
import { afterAll, describe, expect, it } from "vitest";
import { runConformance, type CaseResult } from "webgpu-optim/conformance";
import { conformanceCases } from "../../src/conformance/cases";
import { rules } from "../../src/conformance/variants";
import { Scratch } from "../../src/conformance/scratch";
import { requestDevice } from "../support/gpu";

const device = await requestDevice();
afterAll(() => {
  device.destroy();
});

describe("the cases", () => {
  const cases = conformanceCases();

  it("have names of their own", () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  it.each(rules)("set every option of $name off its default", ({ make, variants }) => {
    const { defaults, options } = make();
    const changed = variants.flatMap((variant) => Object.entries(variant));
    const missing = Object.keys(options).filter((option) => {
      return !changed.some(
        ([key, value]) => key === option && JSON.stringify(value) !== JSON.stringify(defaults[key]),
      );
    });
    expect(missing).toEqual([]);
  });

  for (const conformanceCase of cases) {
    it(conformanceCase.name, async () => {
      const { cases: results } = await runConformance(device, {
        filter: ({ name }) => name === conformanceCase.name,
      });
      expect(results).toHaveLength(1);
      const { thrown, measurements } = results[0]!;
      expect(thrown).toBeUndefined();
      expect(measurements.filter(({ error, bound }) => !(error <= bound))).toEqual([]);
    });
  }
});

describe("a run", () => {
  const filter = "sgd: in";

  it("reports adapter, features, limits, browser and every case as plain JSON", async () => {
    const report = await runConformance(device, { filter });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report).toMatchObject({
      format: "webgpu-optim/conformance",
      version: 1,
      failed: 0,
      aborted: false,
    });
    expect(report.cases.length).toBeGreaterThan(3);
    expect(report.passed).toBe(report.cases.length);
    expect(report.adapter.vendor).toBe(device.adapterInfo.vendor);
    expect(report.limits.maxStorageBufferBindingSize).toBe(device.limits.maxStorageBufferBindingSize);
    expect(report.browser).toContain("Chrome");
  });

  it("tells its progress after every case", async () => {
    const seen: { done: number; total: number; result: CaseResult }[] = [];
    const report = await runConformance(device, { filter, onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ done }) => done)).toEqual(report.cases.map((_, index) => index + 1));
    expect(seen.map(({ result }) => result)).toEqual(report.cases);
    expect(new Set(seen.map(({ total }) => total))).toEqual(new Set([report.cases.length]));
  });

  it("stops between two cases when it is told to", async () => {
    const stop = new AbortController();
    const report = await runConformance(device, {
      filter,
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done === 2) stop.abort();
      },
    });
    expect(report).toMatchObject({ aborted: true, passed: 2 });
    expect(report.cases).toHaveLength(2);
  });

  it("reports what a case throws, and goes on", async () => {
    const create = device.createBuffer.bind(device);
    let calls = 0;
    device.createBuffer = (descriptor) => {
      if (++calls === 1) throw new RangeError("no more buffers");
      return create(descriptor);
    };
    const report = await runConformance(device, { filter }).finally(() => {
      device.createBuffer = create;
    });
    expect(report).toMatchObject({ failed: 1 });
    expect(report.cases[0]).toMatchObject({
      passed: false,
      thrown: "RangeError: no more buffers",
      measurements: [],
    });
  });

  it("reports what the device reports", async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its scratch below
    const { read } = Scratch.prototype;
    Scratch.prototype.read = function (buffer) {
      device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
      return read.call(this, buffer);
    };
    const report = await runConformance(device, { filter: "sgd: in two groups" }).finally(() => {
      Scratch.prototype.read = read;
    });
    expect(report.cases[0]!.passed).toBe(false);
    expect(report.cases[0]!.thrown).toContain("the device reported");
  });

  it("rejects when the device is lost", async () => {
    const own = await requestDevice();
    own.destroy();
    await expect(runConformance(own, { filter })).rejects.toThrow("the GPU device is lost");
  });
});
