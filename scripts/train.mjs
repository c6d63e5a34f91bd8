// `npm run train`: serves the training page, opens it in a headless browser with WebGPU and shows its progress. What
// happens in the page is in demo/digits/headless.ts.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { findBrowser, webgpuLaunchOptions } from "./browser.mjs";
import { serveDemo } from "./serve-demo.mjs";
import { readCommandLine, USAGE } from "./train-options.mjs";
import { percent, progressDisplay } from "./train-terminal.mjs";

/**
 * @typedef {import("../demo/digits/options.mjs").RunOptions} RunOptions
 * @typedef {import("../demo/digits/headless").TrainingEvent} TrainingEvent
 * @typedef {Extract<TrainingEvent, { type: "done" }>} Result
 */

const SETUP = fileURLToPath(new URL("./setup.mjs", import.meta.url));

/** A page that says nothing for this long is given up. */
const SILENCE_MS = 180_000;

/** Finds a browser, or installs one as `npm run setup` does. */
function ensureBrowser() {
  if (findBrowser()) return;
  const { status } = spawnSync(process.execPath, [SETUP], { stdio: "inherit" });
  if (status !== 0) throw new Error("There is no browser to train in.");
}

/**
 * Opens the training page and follows it to its end.
 * @param {import("playwright").Browser} browser
 * @param {string} url
 * @param {RunOptions} options
 * @returns {Promise<Result>}
 */
async function train(browser, url, options) {
  const display = progressDisplay();
  const page = await browser.newPage();
  /** @type {NodeJS.Timeout | undefined} */
  let watchdog;
  let ended = false;
  try {
    return await new Promise((resolve, reject) => {
      const fail = (/** @type {string} */ message) => {
        reject(new Error(message));
      };
      const heard = () => {
        clearTimeout(watchdog);
        if (!ended)
          watchdog = setTimeout(fail, SILENCE_MS, `The page was silent for ${SILENCE_MS / 1000} s.`);
      };
      const onEvent = (/** @type {TrainingEvent} */ event) => {
        heard();
        if (event.type === "progress") display.update(event);
        else if (event.type === "adapter") console.log(`Adapter: ${event.name}`);
        else if (event.type === "error") fail(event.message);
        else {
          display.stop();
          if (event.type === "done") resolve(event);
          else console.log(event.text);
        }
      };
      page.on("pageerror", (error) => fail(`The page failed: ${error.message}`));
      page.on("console", (message) => {
        if (message.type() === "error") fail(`The page failed: ${message.text()}`);
      });
      page.on("crash", () => fail("The page crashed."));
      browser.on("disconnected", () => fail("The browser was closed."));
      heard();
      const query = new URLSearchParams(
        Object.entries(options).map(([name, value]) => [name, String(value)]),
      );
      page
        .exposeFunction("reportTraining", onEvent)
        .then(() => page.goto(`${url}/train.html?${query}`))
        .catch(reject);
    });
  } finally {
    ended = true;
    clearTimeout(watchdog);
    display.stop();
  }
}

/** @param {Result} result */
function printResult({ testAccuracy, stepCount, wallMs, hostMs, gpuMs }) {
  const perStep = (/** @type {number} */ ms) => `${(ms / stepCount).toFixed(2)} ms`;
  console.log(`${stepCount} steps in ${(wallMs / 1000).toFixed(1)} s: ${perStep(wallMs)} each`);
  const share = `${((100 * (gpuMs ?? hostMs)) / wallMs).toFixed(1)} % of the training time`;
  const host = `${perStep(hostMs)} of host time`;
  console.log(`step(): ${gpuMs === null ? host : `${perStep(gpuMs)} of GPU time`}, ${share}`);
  if (gpuMs !== null) console.log(`        ${host}`);
  console.log(`test accuracy ${percent(testAccuracy)}`);
}

/** @param {RunOptions} options */
async function main(options) {
  ensureBrowser();
  const launchOptions = await webgpuLaunchOptions();
  const server = await serveDemo("train");
  try {
    const browser = await chromium.launch(launchOptions);
    try {
      const { model, rule, lr, batch, epochs, limit } = options;
      console.log(`Training: ${model}, ${rule}, lr ${lr}, batch ${batch}, ${epochs} × ${limit} images`);
      printResult(await train(browser, server.url, options));
    } finally {
      await browser.close();
    }
  } finally {
    await server.close();
  }
}

const command = readCommandLine(process.argv.slice(2));
if ("help" in command) console.log(USAGE);
else if ("problems" in command) {
  console.error(`${command.problems.join("\n")}\n\nSee npm run train -- --help`);
  process.exitCode = 2;
} else {
  try {
    await main(command.options);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
