// `npm run experiments`: a tiny grid as a child process, interrupted and resumed; its options, plan and verdicts.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planRuns, runKey } from "../../experiments/grid.mjs";
import { readCommandLine } from "../../experiments/options.mjs";
import { reportText } from "../../experiments/report.mjs";
import { summarise, verdict } from "../../experiments/statistics.mjs";
import type { Result } from "../../experiments/store.mjs";

const SCRIPT = fileURLToPath(new URL("../../experiments/run.mjs", import.meta.url));
/** Three steps of an LSTM for each of two rules. */
const TINY = ["--task", "language", "--rules", "adam,adabelief", "--seeds", "1", "--steps", "3"];
/** Characters drawn from 64 alike have a perplexity of 64; three steps bring it to some 50. */
const PERPLEXITY_BOUND = 63;

type Outcome = { status: number | null; stdout: string; stderr: string };

/** Runs the script; interrupts it as soon as it has printed a text. */
function experiments(args: string[], interruptAt?: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SCRIPT, ...args]);
    const outcome: Outcome = { status: null, stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      outcome.stdout += String(chunk);
      if (interruptAt === undefined || child.killed || !outcome.stdout.includes(interruptAt)) return;
      child.kill("SIGINT");
    });
    child.stderr.on("data", (chunk) => (outcome.stderr += String(chunk)));
    child.on("error", reject);
    child.on("close", (status) => {
      resolve({ ...outcome, status });
    });
  });
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "experiments-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function savedRuns(): Promise<Result[]> {
  const { runs } = JSON.parse(await readFile(join(folder, "results.json"), "utf8")) as { runs: Result[] };
  return runs;
}

describe("npm run experiments", () => {
  it("keeps finished runs when it is interrupted, goes on from there, and writes table, figure and numbers", async () => {
    const first = await experiments([...TINY, "--out", folder], "1 of 2:");
    expect(first.stdout).toMatch(
      /^1 of 2: Language, 1 layer, AdaBelief, seed 1: \d+\.\d+ in \d+ s, about .* left$/m,
    );
    expect(first.stdout).toContain("the same command goes on from there");
    expect(first.status).toBe(130);
    const kept = await savedRuns();
    expect(kept).toHaveLength(1);

    const second = await experiments([...TINY, "--out", folder]);
    expect(second.stderr).toBe("");
    expect(second.status).toBe(0);
    expect(second.stdout).toContain("1 of 2 runs are there already.");
    expect(second.stdout).not.toContain("AdaBelief, seed 1");
    const runs = await savedRuns();
    expect(runs).toHaveLength(2);
    expect(runs[0]).toEqual(kept[0]);
    for (const { curve, value } of runs) {
      expect(curve.map(({ step }) => step)).toEqual([1, 2, 3]);
      expect(value).toBe(curve.at(-1)!.value);
      expect(value).toBeLessThan(PERPLEXITY_BOUND);
    }
    const report = await readFile(join(folder, "README.md"), "utf8");
    expect(report).toContain(`| AdaBelief | ${runs[0]!.value!.toFixed(3)} |`);
    expect(report).toMatch(/adapter \*\*\S.*\*\*/);
    expect(await readFile(join(folder, "language.svg"), "utf8")).toContain("AdaBelief");

    const third = await experiments([...TINY, "--out", folder]);
    expect(third.stdout).toContain("2 of 2 runs are there already.");
    expect(await savedRuns()).toEqual(runs);
  });

  it("refuses a file that holds no results", async () => {
    const made = await mkdtemp(join(folder, "other-"));
    await writeFile(join(made, "results.json"), "[]");
    const { status, stderr } = await experiments([...TINY, "--out", made]);
    expect(stderr).toContain("holds no results of experiments. Use --fresh");
    expect(status).toBe(1);
  });
});

describe("its options", () => {
  it.each([
    [["--task", "images,music"], '--task must be some of images, language, gan, got "images,music"'],
    [
      ["--rules", "adam,sgdd"],
      '--rules must be some of adabelief, adam, adamw, radam, rmsprop, sgd, got "adam,sgdd"',
    ],
    [["--seeds", "0"], '--seeds must be a whole number from 1 to 100, got "0"'],
    [["--steps", "many"], '--steps must be a whole number from 1 to 1000000, got "many"'],
    [["--epochs", "3"], "Unknown option '--epochs'"],
  ])("names what is wrong in %j", (args, message) => {
    const command = readCommandLine(args);
    expect("problems" in command && command.problems.join("\n")).toContain(message);
  });

  it("plan a small grid, and a full one", () => {
    const plan = (args: string[]) => {
      const command = readCommandLine(args);
      if (!("options" in command)) throw new Error("refused");
      return planRuns(command.options);
    };
    const small = plan([]);
    expect(small).toHaveLength(3 * 4 * 3);
    expect(new Set(small.map(runKey)).size).toBe(small.length);
    expect(plan(["--full"])).toHaveLength((3 + 3 + 1) * 6 * 5);
    expect(plan(["--task", "gan", "--seeds", "1"]).map(({ rule }) => rule)).toEqual([
      "adabelief",
      "adam",
      "rmsprop",
      "sgd",
    ]);
  });
});

/** Runs of one rule that ended at these values. */
function runsAt(rule: Result["rule"], values: (number | null)[]): Result[] {
  const [spec] = planRuns({ full: false, tasks: ["images"], rules: [rule], seeds: 1, steps: undefined });
  return values.map((value, index) => ({ ...spec!, seed: index + 1, value, curve: [], wallMs: 1000 }));
}

describe("its verdicts", () => {
  const summary = (...values: (number | null)[]) => summarise(runsAt("adam", values));

  it("are wins and losses beyond the spread, ties within", () => {
    const [low, high, near] = [summary(0.8, 0.81, 0.82), summary(0.9, 0.91, 0.92), summary(0.81, 0.82, 0.83)];
    expect(verdict(high, low, true)).toBe("wins");
    expect(verdict(high, low, false)).toBe("loses");
    expect(verdict(low, high, true)).toBe("loses");
    expect(verdict(low, near, true)).toBe("ties");
  });

  it("hold a run that diverged against its rule, and wait for a second seed", () => {
    expect(verdict(summary(0.8, 0.81, 0.82), summary(0.9, null, 0.92), true)).toBe("wins");
    expect(verdict(summary(0.8), summary(0.9), true)).toBe("open");
  });

  it("stand in the report, beside the paper's figures", () => {
    const runs = [
      ...runsAt("adabelief", [0.95, 0.951, 0.952]),
      ...runsAt("adam", [0.93, 0.931, 0.932]),
      ...runsAt("sgd", [0.95, 0.951, 0.953]),
      ...runsAt("rmsprop", [null, null, null]),
    ];
    const text = reportText(runs, { adapter: "Test adapter", browser: "Test browser" });
    expect(text).toContain("**AdaBelief wins against Adam, RMSprop; ties with SGD.**");
    expect(text).toContain("| AdaBelief | 95.10 % ± 0.10 % |");
    expect(text).toContain("| RMSprop | 3 diverged |");
    expect(text).toContain("AdaBelief 70.08 %, SGD 70.23 %, Adam 63.79 %");
  });
});
