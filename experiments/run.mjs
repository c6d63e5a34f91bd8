// `npm run experiments`: carries out what is left of the grid, run by run, in a headless browser, and writes the report.
// What happens in the browser is in page.ts.
import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { TASKS } from "../demo/learning/advised.mjs";
import { webgpuLaunchOptions } from "../scripts/browser.mjs";
import { serveDemo } from "../scripts/serve-demo.mjs";
import { figureSvg } from "./figure.mjs";
import { planRuns } from "./grid.mjs";
import { readCommandLine, USAGE } from "./options.mjs";
import { reportText } from "./report.mjs";
import { Store } from "./store.mjs";
import { Display, runName } from "./terminal.mjs";

/**
 * @typedef {import("./options.mjs").Options} Options
 * @typedef {import("./grid.mjs").RunSpec} RunSpec
 * @typedef {import("./store.mjs").Result} Result
 * @typedef {import("playwright").Page} Page
 */

const PAGE = fileURLToPath(new URL("./page.ts", import.meta.url));
/** A page that takes no step for this long is given up; the first step of a large network compiles for long. */
const SILENCE_MS = 600_000;

/**
 * Calls a function of page.ts in the page.
 * @param {Page} page
 * @param {"open" | "run"} name
 * @param {unknown} [input]
 */
function call(page, name, input = null) {
  return page.evaluate(
    `import(${JSON.stringify(`/@fs${PAGE}`)}).then((module) => module.${name}(${JSON.stringify(input)}))`,
  );
}

/**
 * Carries out one run.
 * @param {Page} page
 * @param {RunSpec} spec
 * @param {{ onStep: (step: number) => void }} listener told by the page of its steps
 * @returns {Promise<Result>}
 */
async function carryOut(page, spec, listener) {
  const start = performance.now();
  /** @type {NodeJS.Timeout | undefined} */
  let watchdog;
  try {
    const outcome = await new Promise((resolve, reject) => {
      const heard = () => {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => {
          reject(new Error(`The page took no step for ${SILENCE_MS / 60_000} minutes.`));
        }, SILENCE_MS);
      };
      const { onStep } = listener;
      listener.onStep = (step) => {
        heard();
        onStep(step);
      };
      page.once("crash", () => reject(new Error("The page crashed.")));
      heard();
      call(page, "run", spec).then(resolve, reject);
    });
    return {
      ...spec,
      .../** @type {import("./page").Outcome} */ (outcome),
      wallMs: performance.now() - start,
    };
  } finally {
    clearTimeout(watchdog);
  }
}

/** @param {unknown} error as the page threw it */
function messageOf(error) {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^page\.evaluate: (\w*Error: )?/, "").split("\n")[0] ?? text;
}

/**
 * Writes the report of the runs that are done.
 * @param {Store} store
 * @param {readonly RunSpec[]} plan
 * @param {string} folder
 */
async function writeReport(store, plan, folder) {
  const runs = plan.flatMap((spec) => store.find(spec) ?? []);
  if (runs.length === 0 || !store.machine) return;
  for (const task of TASKS) {
    const ofTask = runs.filter((run) => run.task === task);
    if (ofTask.length > 0) writeFileSync(join(folder, `${task}.svg`), await figureSvg(task, ofTask));
  }
  writeFileSync(join(folder, "README.md"), reportText(runs, store.machine));
}

/**
 * Carries out the runs that are left.
 * @param {import("playwright").Browser} browser
 * @param {string} url of the server
 * @param {Store} store
 * @param {readonly RunSpec[]} plan
 * @param {Display} display
 */
async function runAll(browser, url, store, plan, display) {
  const left = plan.filter((spec) => !store.find(spec));
  const done = plan.flatMap((spec) => store.find(spec) ?? []);
  if (done.length > 0) display.line(`${done.length} of ${plan.length} runs are there already.`);
  for (const task of TASKS) {
    const ofTask = left.filter((spec) => spec.task === task);
    if (ofTask.length === 0) continue;
    // One page for a task: it fetches data, and trains what judges, once.
    const page = await browser.newPage();
    const listener = { onStep: (/** @type {number} */ step) => display.step(step) };
    await page.exposeFunction("reportStep", (/** @type {number} */ step) => listener.onStep(step));
    await page.route("**/blank", (route) =>
      route.fulfill({ contentType: "text/html", body: "<!doctype html>" }),
    );
    await page.goto(`${url}/blank`);
    const { adapter } = /** @type {{ adapter: string }} */ (await call(page, "open"));
    store.setMachine({ adapter, browser: `Chromium ${browser.version()}` });
    for (const spec of ofTask) {
      display.start(spec);
      listener.onStep = (step) => display.step(step);
      const result = await carryOut(page, spec, listener).catch((error) => {
        throw new Error(`${runName(spec)}: ${messageOf(error)}`);
      });
      store.add(result);
      done.push(result);
      left.splice(left.indexOf(spec), 1);
      display.finished(result, done, left);
    }
    await page.close();
  }
}

/** @param {Options} options */
async function main(options) {
  const plan = planRuns(options);
  const store = new Store(options.out, options.fresh);
  const display = new Display();
  const folder = relative(process.cwd(), options.out) || ".";
  const server = await serveDemo("experiments");
  try {
    const browser = await chromium.launch(await webgpuLaunchOptions());
    const stop = () => {
      display.stop();
      display.line(`Stopped. What is done is kept in ${folder}; the same command goes on from there.`);
      process.exit(130);
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
    try {
      await runAll(browser, server.url, store, plan, display);
    } finally {
      display.stop();
      await browser.close();
      await writeReport(store, plan, options.out);
    }
    display.line(`Written: ${join(folder, "README.md")}`);
  } finally {
    await server.close();
  }
}

const command = readCommandLine(process.argv.slice(2));
if ("help" in command) console.log(USAGE);
else if ("problems" in command) {
  console.error(`${command.problems.join("\n")}\n\nSee npm run experiments -- --help`);
  process.exitCode = 2;
} else {
  try {
    await main(command.options);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
