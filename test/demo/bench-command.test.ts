// `npm run bench` as a child process: what it prints, what it writes, and its exit status.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCommandLine } from "../../bench/command-line.mjs";
import type { Report, Row } from "../../bench/rows";

const SCRIPT = fileURLToPath(new URL("../../bench/bench.mjs", import.meta.url));
/** Shows that no browser was looked for: to look for this one is an error of its own. */
const NO_BROWSER = { WEBGPU_BROWSER: "/no/such/browser" };
const SIZE = 4096;

type Outcome = { status: number | null; stdout: string; stderr: string };

function bench(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SCRIPT, ...args], { env: { ...process.env, ...env } });
    const outcome: Outcome = { status: null, stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => (outcome.stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (outcome.stderr += String(chunk)));
    child.on("error", reject);
    child.on("close", (status) => {
      resolve({ ...outcome, status });
    });
  });
}

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bench-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function measure(name: string, ...args: string[]): Promise<{ outcome: Outcome; report: Report }> {
  const file = join(folder, name);
  const outcome = await bench([
    "--quick",
    "--sizes",
    String(SIZE),
    "--rules",
    "adam",
    "--json",
    file,
    ...args,
  ]);
  expect(outcome.status, outcome.stderr).toBe(0);
  return { outcome, report: JSON.parse(await readFile(file, "utf8")) as Report };
}

function checkRow(row: Row): void {
  expect(row).toMatchObject({
    rule: "adam",
    parameters: SIZE,
    tensors: 1,
    layout: "separate",
    bytesPerParameter: 28,
  });
  const { subject, medianMs, minMs, maxMs, hostMs, hostSteps, samples, stepsPerSample } = row;
  expect(minMs, subject).toBeGreaterThan(0);
  expect(medianMs, subject).toBeGreaterThanOrEqual(minMs);
  expect(maxMs, subject).toBeGreaterThanOrEqual(medianMs);
  expect(hostMs, subject).toBeGreaterThan(0);
  expect(hostSteps, subject).toBeGreaterThanOrEqual(subject === "webgpu-optim" ? 100 : 1);
  expect(samples, subject).toBeGreaterThanOrEqual(5);
  expect(stepsPerSample, subject).toBeGreaterThanOrEqual(subject === "webgpu-optim" ? 2 : 1);
}

const subjectsOf = ({ rows }: Report) => [...new Set(rows.map(({ subject }) => subject))];
const find = ({ rows }: Report, subject: string) => rows.find((row) => row.subject === subject)!;

describe("npm run bench", () => {
  it("measures every subject in a browser, shows a table and writes the rows", async () => {
    const { outcome, report } = await measure("browser.json");
    expect(outcome.stderr).toBe("");
    expect(report).toMatchObject({ format: "webgpu-optim/benchmark", notes: [] });
    expect(report.runtime).toMatch(/^Chromium \d+\./);
    expect(report.adapter.vendor + report.adapter.architecture).not.toBe("");
    expect(Date.parse(report.date)).toBeGreaterThan(0);
    expect(subjectsOf(report)).toEqual(["webgpu-optim", "streaming", "copy", "naive", "tfjs", "jax-js"]);
    report.rows.forEach(checkRow);

    // The package creates nothing per step; TensorFlow.js creates a uniform buffer or more for each of its dispatches.
    for (const row of report.rows.filter(({ subject }) => subject === "webgpu-optim")) {
      expect(row).toMatchObject({ objectsPerStep: 0, encodersPerStep: 1 });
      expect(row.garbageBytesPerStep).toBeGreaterThan(0);
    }
    expect(find(report, "tfjs").objectsPerStep).toBeGreaterThan(10);
    expect(find(report, "tfjs").garbageBytesPerStep).toBeGreaterThan(
      find(report, "webgpu-optim").garbageBytesPerStep!,
    );
    const { kernel, kernels } = find(report, "streaming");
    expect(kernels!.map((other) => other.kernel)).toContain("as the package");
    expect(kernels![0]!.kernel).toBe(kernel);
    // What cannot be timed by the GPU's clock is compared with the package timed in the same way.
    const timings = report.rows
      .filter(({ subject }) => subject === "webgpu-optim")
      .map(({ timing }) => timing);
    expect(timings).toContain("submission");
    expect(find(report, "tfjs").timing).toBe("submission");

    const lines = outcome.stdout.split("\n");
    expect(lines).toContain(`Adapter: ${report.adapterName}`);
    expect(lines).toContain("adam, 4 096 parameters");
    expect(lines).toContainEqual(
      expect.stringMatching(/^tfjs, adam, 4096: \S+ ms \(\S+ to \S+\), by submission$/),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^webgpu-optim +1 +submission.* \d[\d.]*× .*×/));
  });

  it("measures in Node on Dawn what needs no browser", async () => {
    const { report } = await measure("dawn.json", "--dawn");
    expect(report.runtime).toMatch(/^Node v\d+.*, Dawn/);
    expect(report.notes).toEqual(["tfjs and jax-js are measured in browsers only"]);
    expect(subjectsOf(report)).toEqual(["webgpu-optim", "streaming", "copy", "naive"]);
    report.rows.forEach(checkRow);
    expect(find(report, "webgpu-optim").objectsPerStep).toBe(0);
    expect(find(report, "webgpu-optim").garbageBytesPerStep).toBeGreaterThan(0);
  });

  it("shows its options", async () => {
    const { status, stdout } = await bench(["--help"], NO_BROWSER);
    expect(status).toBe(0);
    for (const option of ["quick", "json", "dawn", "rules"]) expect(stdout).toContain(`--${option}`);
  });
});

describe("npm run bench, what it refuses", () => {
  it("comes before it looks for a browser", async () => {
    const { status, stdout, stderr } = await bench(["--rules", "adam,sgdd", "--quik"], NO_BROWSER);
    expect(stderr).toContain("Unknown option '--quik'");
    expect(stdout).toBe("");
    expect(status).toBe(2);
  });

  it("names a folder that is not there, before it measures", async () => {
    const { status, stderr } = await bench(["--json", join(folder, "none", "x.json")], NO_BROWSER);
    expect(stderr).toContain(`--json: there is no folder ${join(folder, "none")}`);
    expect(status).toBe(1);
  });

  it("names a browser that is not there", async () => {
    const { status, stderr } = await bench(["--quick"], NO_BROWSER);
    expect(stderr).toContain('WEBGPU_BROWSER names "/no/such/browser", which does not exist');
    expect(status).toBe(1);
  });

  it.each([
    [
      ["--rules", "adam,sgdd"],
      '--rules must be among adam, adamw, adabelief, sgd, adagrad, rmsprop, nadam, radam, adamax, lion, got "sgdd"',
    ],
    [["--subjects="], '--subjects must be among webgpu-optim, streaming, copy, naive, tfjs, jax-js, got ""'],
    [["--sizes", "1e6"], '--sizes must be whole numbers from 1 to 268435456, got "1e6"'],
    [["--sizes", "0"], '--sizes must be whole numbers from 1 to 268435456, got "0"'],
    [["--tensors", "10"], "--tensors needs --sizes"],
    [["--sizes", "5", "--tensors", "10"], "--sizes must be at least --tensors (10), got 5"],
    [["--json="], "--json needs the name of a file"],
    [["--json"], "--json <value>' argument missing"],
    [["quick"], "Unexpected argument 'quick'"],
  ])("names what is wrong in %j", (args, message) => {
    const command = readCommandLine(args);
    expect("problems" in command && command.problems.join("\n")).toContain(message);
  });

  it("is nothing that is right", () => {
    expect(readCommandLine(["--quick", "--rules", "adam, lion", "--sizes", "4096,8192", "--dawn"])).toEqual({
      options: { quick: true, rules: ["adam", "lion"], subjects: null, sizes: [4096, 8192], tensors: [1] },
      dawn: true,
      json: null,
    });
  });
});
