// What `npm run bench` writes while it measures: a line per row, and a bar below them where there is a terminal. It must
// not know browsers.
import process from "node:process";
import cliProgress from "cli-progress";
import { threeDigits } from "./table.mjs";

const DEFAULT_COLUMNS = 80;
const BAR_COLUMNS = 24;

/** @param {import("./rows").Row} row */
export function lineOf({ subject, rule, parameters, tensors, layout, medianMs, minMs, maxMs, timing }) {
  const spread = `${threeDigits(medianMs)} ms (${threeDigits(minMs)} to ${threeDigits(maxMs)})`;
  const of = tensors === 1 ? `${parameters}` : `${parameters} in ${tensors} tensors, ${layout}`;
  return `${subject}, ${rule}, ${of}: ${spread}, by ${timing}`;
}

/** Shows the progress of a benchmark. */
export function progressDisplay(stream = process.stdout) {
  const bars =
    stream.isTTY &&
    new cliProgress.MultiBar(
      {
        stream,
        format: "{bar} {percentage}% | {text}",
        barsize: BAR_COLUMNS,
        hideCursor: true,
        clearOnComplete: true,
      },
      cliProgress.Presets.shades_classic,
    );
  const bar = bars && bars.create(1, 0, { text: "" });
  const write = (/** @type {string} */ line) => {
    if (bars) bars.log(`${line}\n`);
    else stream.write(`${line}\n`);
  };
  return {
    /** @param {string} text @param {number} fraction */
    stage(text, fraction) {
      const room = Math.max(10, (stream.columns || DEFAULT_COLUMNS) - BAR_COLUMNS - 12);
      if (bar) bar.update(fraction, { text: text.slice(0, room) });
    },
    /** @param {import("./rows").Row} row */
    row(row) {
      write(lineOf(row));
    },
    /** @param {string} text */
    note(text) {
      write(`not measured: ${text}`);
    },
    /** Gives the line and the cursor back. */
    stop() {
      if (bars) bars.stop();
    },
  };
}
