// `npm run bench`: measures in a headless browser, or in Node, and shows a table. What is measured, and how, is in the
// TypeScript files beside this one.
import { access, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { readCommandLine, USAGE } from "./command-line.mjs";
import { tableOf } from "./table.mjs";
import { progressDisplay } from "./terminal.mjs";

/**
 * @typedef {import("./headless").BenchmarkEvent} BenchmarkEvent
 * @typedef {import("./rows").Report} Report
 * @typedef {Exclude<ReturnType<typeof readCommandLine>, { help: true } | { problems: string[] }>} Command
 */

/** A subject that says nothing for this long is given up. */
const SILENCE_MS = 300_000;

/**
 * Follows a benchmark to its end.
 * @param {Command} command
 * @returns {Promise<Report>}
 */
async function measure({ options, dawn }) {
  // Loaded only now: browsers and servers would keep those waiting who ask for help.
  const start = dawn
    ? (await import("./dawn.mjs")).measureInDawn
    : (await import("./browser.mjs")).measureInBrowser;
  const display = progressDisplay();
  const stop = new AbortController();
  /** @type {NodeJS.Timeout | undefined} */
  let watchdog;
  try {
    return await new Promise((resolve, reject) => {
      const fail = (/** @type {string} */ message) => reject(new Error(message));
      const heard = () => {
        clearTimeout(watchdog);
        watchdog = setTimeout(fail, SILENCE_MS, `Nothing was heard for ${SILENCE_MS / 1000} s.`);
      };
      const onEvent = (/** @type {BenchmarkEvent} */ event) => {
        heard();
        if (event.type === "adapter") console.log(`Adapter: ${event.name}`);
        else if (event.type === "stage") display.stage(event.text, event.fraction);
        else if (event.type === "row") display.row(event.row);
        else if (event.type === "note") display.note(event.text);
        else if (event.type === "error") fail(event.message);
        else resolve(event.report);
      };
      heard();
      start(options, onEvent, stop.signal).then(
        () => fail("The benchmark ended without a result."),
        (error) => reject(error),
      );
    });
  } finally {
    clearTimeout(watchdog);
    display.stop();
    stop.abort();
  }
}

/** Whether the file can be written, before minutes are spent. */
async function checkFolder(/** @type {string} */ file) {
  const folder = dirname(resolve(file));
  try {
    await access(folder);
  } catch {
    throw new Error(`--json: there is no folder ${folder}`);
  }
}

/** @param {Command} command */
async function main(command) {
  if (command.json) await checkFolder(command.json);
  const report = await measure(command);
  console.log(`\n${tableOf(report)}`);
  if (!command.json) return;
  await writeFile(command.json, `${JSON.stringify(report, null, 1)}\n`);
  console.log(`\nWritten to ${command.json}`);
}

const command = readCommandLine(process.argv.slice(2));
if ("help" in command) console.log(USAGE);
else if ("problems" in command) {
  console.error(`${command.problems.join("\n")}\n\nSee npm run bench -- --help`);
  process.exitCode = 2;
} else {
  try {
    await main(command);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
