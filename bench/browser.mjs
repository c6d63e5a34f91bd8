// Runs the benchmark in a headless browser. It must not know what is measured.
import { spawnSync } from "node:child_process";
import os from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { findBrowser, webgpuLaunchOptions } from "../scripts/browser.mjs";
import { serveDemo } from "../scripts/serve-demo.mjs";

/**
 * @typedef {import("./options.mjs").BenchmarkOptions} BenchmarkOptions
 * @typedef {import("./headless").BenchmarkEvent} BenchmarkEvent
 */

const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** Exact timestamps and heap sizes, and a heap large enough that no collection comes between two looks at it. */
const EXACT = [
  "--disable-dawn-features=timestamp_quantization",
  "--enable-precise-memory-info",
  "--js-flags=--expose-gc --min-semi-space-size=64",
];

/** With these the page is isolated, and its clock ticks at 5 µs in place of 100. */
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** Finds a browser, or installs one as `npm run setup` does. */
function ensureBrowser() {
  if (findBrowser()) return;
  const { status } = spawnSync(process.execPath, [at("../scripts/setup.mjs")], { stdio: "inherit" });
  if (status !== 0) throw new Error("There is no browser to measure in.");
}

/**
 * Runs a benchmark; resolves when the page has ended, rejects when it failed.
 * @param {BenchmarkOptions} options
 * @param {(event: BenchmarkEvent) => void} onEvent
 * @param {AbortSignal} signal closes the browser
 */
export async function measureInBrowser(options, onEvent, signal) {
  ensureBrowser();
  const launchOptions = await webgpuLaunchOptions();
  const server = await serveDemo("bench");
  try {
    const browser = await chromium.launch({
      ...launchOptions,
      args: [...(launchOptions.args ?? []), ...EXACT],
    });
    try {
      const page = await browser.newPage();
      await new Promise((resolve, reject) => {
        const fail = (/** @type {string} */ message) => reject(new Error(message));
        signal.addEventListener("abort", resolve);
        page.on("pageerror", (error) => fail(`The page failed: ${error.message}`));
        page.on("crash", () => fail("The page crashed."));
        browser.on("disconnected", () => fail("The browser was closed."));
        const runtime = `Chromium ${browser.version()}, headless (${os.type()} ${os.arch()})`;
        open(page, server.url, options, runtime, onEvent).then(resolve, reject);
      });
    } finally {
      await browser.close();
    }
  } finally {
    await server.close();
  }
}

/**
 * @param {import("playwright").Page} page
 * @param {string} url
 * @param {BenchmarkOptions} options
 * @param {string} runtime
 * @param {(event: BenchmarkEvent) => void} onEvent
 */
async function open(page, url, options, runtime, onEvent) {
  await page.exposeFunction("reportBenchmark", onEvent);
  await page.route("**/blank", (route) =>
    route.fulfill({ contentType: "text/html", headers: ISOLATION, body: "<!doctype html>" }),
  );
  await page.goto(`${url}/blank`);
  await page.evaluate(
    async ({ module, options, runtime }) => {
      /** @type {typeof import("./headless")} */
      const { runInPage } = await import(module);
      await runInPage(options, runtime);
    },
    { module: `/@fs${at("./headless.ts")}`, options, runtime },
  );
}
