// `npm run train` as a child process: what it prints, where, and its exit status.
import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBrowser } from "../../scripts/browser.mjs";
import { readCommandLine } from "../../scripts/train-options.mjs";

const SCRIPT = fileURLToPath(new URL("../../scripts/train.mjs", import.meta.url));
/** Shows that no browser was looked for: to look for this one is an error of its own. */
const NO_BROWSER = { WEBGPU_BROWSER: "/no/such/browser" };
/** 40 steps read some 85 % of the test set; guessing reads 10 %. */
const ACCURACY_BOUND = 70;

type Outcome = { status: number | null; stdout: string; stderr: string };

function train(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
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

describe("npm run train", () => {
  it("trains, and ends with the test accuracy", async () => {
    const { status, stdout, stderr } = await train(["--limit", "2560", "--epochs", "2", "--rule", "adam"]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(stdout).toContain("Training: mlp, adam, lr 0.002, batch 128, 2 × 2560 images");
    expect(stdout).toMatch(/^Adapter: \S.*$/m);
    expect(stdout).toMatch(/^step 40 of 40, epoch 2, loss \d\.\d{3}, accuracy \d+\.\d %$/m);
    expect(stdout).toMatch(/^step\(\): \d+\.\d\d ms of \w+ time, \d+\.\d % of the training time$/m);
    expect(lines.at(-1)).toMatch(/^test accuracy \d{2}\.\d\d %$/);
    expect(Number(/[\d.]+/.exec(lines.at(-1)!)![0])).toBeGreaterThan(ACCURACY_BOUND);
  });

  it("shows its options", async () => {
    const { status, stdout } = await train(["--help"], NO_BROWSER);
    expect(status).toBe(0);
    for (const option of ["rule", "lr", "model", "epochs", "batch", "limit"])
      expect(stdout).toContain(`--${option}`);
  });
});

describe("npm run train, bad options", () => {
  it("are refused before it looks for a browser", async () => {
    const { status, stdout, stderr } = await train(["--rule", "sgdd", "--limit", "60001"], NO_BROWSER);
    expect(stderr).toContain('--rule must be one of adabelief, adam, adamw, got "sgdd"');
    expect(stderr).toContain('--limit must be a whole number from 1 to 60000, got "60001"');
    expect(stdout).toBe("");
    expect(status).toBe(2);
  });

  it.each([
    [["--model=rnn"], '--model must be one of mlp, cnn, vgg, resnet, densenet, got "rnn"'],
    [["--lr", "-1"], '--lr must be a number above 0 and at most 1, got "-1"'],
    [["--epochs", "0"], '--epochs must be a whole number from 1 to 100, got "0"'],
    [["--batch", "1.5"], '--batch must be a whole number from 1 to 2000, got "1.5"'],
    [["--limit", "10"], "--limit must be at least --batch (128), got 10"],
    [["--epoch", "3"], "Unknown option '--epoch'"],
    [["adam"], "Unexpected argument 'adam'"],
  ])("names what is wrong in %j", (args, message) => {
    const command = readCommandLine(args);
    expect("problems" in command && command.problems.join("\n")).toContain(message);
  });
});

describe("npm run train, without WebGPU", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "no-webgpu-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("names a browser that is not there", async () => {
    const { status, stderr } = await train([], NO_BROWSER);
    expect(stderr).toContain('WEBGPU_BROWSER names "/no/such/browser", which does not exist');
    expect(status).toBe(1);
  });

  it.skipIf(process.platform === "win32")("says that the browser has none, and what to do", async () => {
    const browser = join(folder, "browser");
    const original = findBrowser()!.executablePath;
    await writeFile(
      browser,
      `#!/bin/sh\nexec "${original}" "$@" --disable-gpu --disable-software-rasterizer\n`,
    );
    await chmod(browser, 0o755);
    const { status, stderr } = await train([], { WEBGPU_BROWSER: browser });
    expect(stderr).toContain(`${browser} offers no WebGPU adapter`);
    expect(stderr).toContain("Update the browser");
    expect(status).toBe(1);
  });
});
