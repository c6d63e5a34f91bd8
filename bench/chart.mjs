// `npm run bench:chart`: draws a chart from the JSON of a benchmark. It must not know how rows are measured.
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { parse, View } from "vega";
import { compile } from "vega-lite";
import { chartSpec } from "./chart-spec.mjs";

const USAGE = `Draws a chart from what npm run bench -- --json wrote.

Usage: npm run bench:chart -- <report.json> <chart.svg>`;

/** @returns {{ help: true } | { problem: string } | { from: string, to: string }} */
function readCommandLine(/** @type {string[]} */ args) {
  try {
    const options = /** @type {const} */ ({ help: { type: "boolean" } });
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (values.help) return { help: true };
    const [from, to, ...rest] = positionals;
    if (!from || !to || rest.length > 0) return { problem: "Name two files: the report and the chart." };
    return { from, to };
  } catch (error) {
    return { problem: /** @type {Error} */ (error).message };
  }
}

/** @returns {Promise<import("./rows").Report>} */
async function readReport(/** @type {string} */ file) {
  const report = JSON.parse(await readFile(file, "utf8"));
  if (report?.format !== "webgpu-optim/benchmark") throw new Error(`${file} is no report of npm run bench`);
  return report;
}

const command = readCommandLine(process.argv.slice(2));
if ("help" in command) console.log(USAGE);
else if ("problem" in command) {
  console.error(`${command.problem}\n\n${USAGE}`);
  process.exitCode = 2;
} else {
  try {
    const { spec } = compile(chartSpec(await readReport(command.from)));
    const svg = await new View(parse(spec), { renderer: "none" }).toSVG();
    await writeFile(command.to, `${svg}\n`);
    console.log(`Drawn to ${command.to}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
