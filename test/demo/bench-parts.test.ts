// The parts of the benchmark that need neither browser nor GPU: the plan, statistics, comparisons, the table.
import { parse, View } from "vega";
import { compile } from "vega-lite";
import { describe, expect, it } from "vitest";
import { chartSpec } from "../../bench/chart-spec.mjs";
import { plan } from "../../bench/contests";
import { DEFAULTS, RULES } from "../../bench/options.mjs";
import { counterpart, gigabytesPerSecond, shareOfLimit, timesFaster } from "../../bench/ratios.mjs";
import type { Entrant, Report, Row } from "../../bench/rows";
import { bytesPerParameter, ruleOf } from "../../bench/rules";
import { spread } from "../../bench/statistics";
import { byHandWgsl, mirrorWgsl } from "../../bench/subjects/streaming-wgsl";
import { tableOf } from "../../bench/table.mjs";

const MILLION = 2 ** 20;
const SCALE = { maxParameters: 2 ** 26, isSoftware: false };

const row = (given: Partial<Row>): Row => ({
  subject: "webgpu-optim",
  rule: "adam",
  parameters: MILLION,
  tensors: 1,
  layout: "separate",
  medianMs: 1,
  minMs: 0.9,
  maxMs: 1.2,
  hostMs: 0.01,
  objectsPerStep: 0,
  encodersPerStep: 1,
  garbageBytesPerStep: null,
  timing: "submission",
  samples: 9,
  stepsPerSample: 4,
  hostSteps: 100,
  bytesPerParameter: 28,
  ...given,
});

/** A report of rows. */
const reportOf = (given: readonly Row[]): Report => ({
  format: "webgpu-optim/benchmark",
  adapter: { vendor: "", architecture: "", device: "", description: "" },
  adapterName: "Some GPU",
  runtime: "Some browser",
  date: "2025-01-01T00:00:00.000Z",
  version: "1.0.0",
  durationMs: 1,
  rows: [...given],
  notes: [],
});

describe("the plan", () => {
  const has = (contests: readonly (readonly Entrant[])[], ...wanted: Partial<Entrant>[]) =>
    contests.some((contest) => wanted.every((part) => contest.some((entrant) => matches(entrant, part))));
  const matches = (entrant: Entrant, part: Partial<Entrant>) =>
    Object.entries(part).every(([key, value]) => entrant[key as keyof Entrant] === value);

  it("quick: the package beside its limit, and beside each of the others", () => {
    const contests = plan({ ...DEFAULTS, quick: true }, SCALE);
    for (const rule of ["adam", "adabelief"] as const) {
      for (const parameters of [MILLION, 4 * MILLION]) {
        const where = { rule, parameters, tensors: 1 };
        const both = [
          { ...where, subject: "webgpu-optim" as const },
          { ...where, subject: "streaming" as const },
        ];
        expect(has(contests, ...both), `${rule}, ${parameters}`).toBe(true);
      }
    }
    const ours = { subject: "webgpu-optim", rule: "adam" } as const;
    const many = { parameters: 102_400, tensors: 100 };
    expect(
      has(
        contests,
        { ...ours, ...many, layout: "arena" },
        { ...ours, ...many, layout: "separate" },
        { subject: "tfjs", ...many },
      ),
    ).toBe(true);
    for (const subject of ["copy", "naive", "tfjs", "jax-js"] as const) {
      expect(has(contests, { ...ours, parameters: MILLION }, { subject, parameters: MILLION })).toBe(true);
    }
  });

  it("full: every rule, 1 k to 64 M parameters, up to 1000 tensors; 16 M in software", () => {
    const all = plan(DEFAULTS, SCALE).flat();
    expect([...new Set(all.map(({ rule }) => rule))]).toEqual(RULES);
    const sizes = all.filter(({ tensors }) => tensors === 1).map(({ parameters }) => parameters);
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([1024, 2 ** 26]);
    expect(new Set(all.map(({ tensors }) => tensors))).toEqual(new Set([1, 100, 1000]));
    const software = plan(DEFAULTS, { ...SCALE, isSoftware: true }).flat();
    expect(Math.max(...software.map(({ parameters }) => parameters))).toBe(2 ** 24);
    const small = plan(DEFAULTS, { ...SCALE, maxParameters: 2 ** 22 }).flat();
    expect(Math.max(...small.map(({ parameters }) => parameters))).toBe(2 ** 22);
  });

  it("takes sizes, tensors, rules and subjects as asked, and others only where they have the rule", () => {
    const sizes = { ...DEFAULTS, sizes: [1001], tensors: [1, 10], rules: ["adam", "sgd"] as const };
    const all = plan(sizes, SCALE).flat();
    expect(all.map(({ parameters }) => parameters / 10)).toContain(100);
    expect(all.filter(({ rule }) => rule === "sgd").map(({ subject }) => subject)).not.toContain("tfjs");
    const ours = plan({ ...sizes, subjects: ["webgpu-optim"] }, SCALE).flat();
    expect(new Set(ours.map(({ subject }) => subject))).toEqual(new Set(["webgpu-optim"]));
    expect(ours.map(({ layout }) => layout)).toContain("arena");
  });
});

describe("statistics", () => {
  it("are median, least and largest", () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spread([4, 1, 2, 8])).toEqual({ median: 3, min: 1, max: 8 });
    expect(spread([5])).toEqual({ median: 5, min: 5, max: 5 });
    expect(() => spread([])).toThrow("at least one sample");
  });
});

describe("comparisons", () => {
  const stamped = row({ timing: "timestamp-query", medianMs: 0.8 });
  const submitted = row({});
  const limit = row({ subject: "streaming", timing: "timestamp-query", medianMs: 0.6 });
  const tfjs = row({ subject: "tfjs", medianMs: 12 });
  const larger = row({ subject: "tfjs", parameters: 4 * MILLION, medianMs: 99 });
  const rows = [larger, stamped, submitted, limit, tfjs];

  it("are with rows of the same case and timing", () => {
    expect(shareOfLimit(rows, stamped)).toBeCloseTo(0.75, 12);
    expect(shareOfLimit(rows, submitted)).toBeUndefined();
    expect(timesFaster(rows, submitted, "tfjs")).toBe(12);
    expect(timesFaster(rows, stamped, "tfjs")).toBeUndefined();
    expect(counterpart(rows, row({ rule: "adamw" }), "tfjs")).toBeUndefined();
  });

  it("of an arena are with the separate tensors of those who have no arena, but with the limit of an arena", () => {
    const many = { tensors: 100, parameters: 102_400 };
    const arena = row({ ...many, layout: "arena", timing: "timestamp-query", medianMs: 2 });
    const arenaLimit = row({ ...arena, subject: "streaming", medianMs: 1 });
    const separateLimit = row({ ...arena, subject: "streaming", layout: "separate", medianMs: 1.5 });
    expect(shareOfLimit([separateLimit, arenaLimit, arena], arena)).toBe(0.5);
    expect(shareOfLimit([separateLimit, arena], arena)).toBeUndefined();
    const others = row({ ...many, subject: "tfjs", medianMs: 50 });
    expect(timesFaster([others], row({ ...many, layout: "arena", medianMs: 2 }), "tfjs")).toBe(25);
  });

  it("are in bytes that the rule has to move", () => {
    expect(bytesPerParameter(ruleOf("adam"))).toBe(28);
    expect(bytesPerParameter(ruleOf("lion"))).toBe(20);
    expect(bytesPerParameter(ruleOf("sgd"))).toBe(12);
    expect(gigabytesPerSecond(row({ parameters: 1e6, bytesPerParameter: 28, medianMs: 2 }))).toBeCloseTo(
      14,
      12,
    );
  });

  it("are in the table, under the adapter's name", () => {
    const lines = tableOf({ ...reportOf(rows), notes: ["jax-js: no"] }).split("\n");
    expect(lines[0]).toBe("Some GPU");
    expect(lines.filter((line) => line.startsWith("adam, "))).toEqual([
      "adam, 4 194 304 parameters",
      "adam, 1 048 576 parameters",
    ]);
    expect(lines).toContainEqual(expect.stringMatching(/^webgpu-optim +1 +timestamps +0\.800 .* 0\.75 /));
    expect(lines).toContainEqual(expect.stringMatching(/^webgpu-optim +1 +submission .* 12\.0× /));
    expect(lines.slice(-2)).toEqual(["Not measured:", "  jax-js: no"]);
  });
});

describe("the chart", () => {
  const draw = (given: readonly Row[]) =>
    new View(parse(compile(chartSpec(reportOf(given))).spec), { renderer: "none" }).toSVG();

  it("shows the adapter, the limit and the others", async () => {
    const svg = await draw([
      row({ timing: "timestamp-query", medianMs: 0.8 }),
      row({ subject: "streaming", timing: "timestamp-query", medianMs: 0.6 }),
      row({ medianMs: 2 }),
      row({ subject: "tfjs", medianMs: 25 }),
    ]);
    for (const text of [
      "One optimizer step on Some GPU",
      "limit: the same bytes",
      "TensorFlow.js",
      "25.0 ms, 12.5 ×",
    ]) {
      expect(svg).toContain(text);
    }
  });

  it("is not drawn of rows that say nothing", () => {
    expect(() => chartSpec(reportOf([row({})]))).toThrow("neither rows with a limit nor rows of others");
  });
});

describe("WGSL of the streaming kernels", () => {
  it("shifts through all slots of a rule, with its scalars", () => {
    const adam = mirrorWgsl(ruleOf("adam"));
    expect(adam).toContain("struct State {\n  expAvg: vec4f,\n  expAvgSq: vec4f,\n}");
    expect(adam).toContain("return Update(state.expAvg, State(state.expAvgSq, grad));");
    expect(adam).toContain("  stepSize: f32,");
    expect(mirrorWgsl(ruleOf("sgd"))).toContain("return grad;");
  });

  it("binds the state as one buffer or as several", () => {
    expect(byHandWgsl(2, "interleaved").match(/@binding/g)).toHaveLength(3);
    expect(byHandWgsl(2, "apart").match(/@binding/g)).toHaveLength(4);
    expect(byHandWgsl(0, "interleaved").match(/@binding/g)).toHaveLength(2);
  });
});
