// The table that `npm run bench` ends with. Must not know how rows are measured.
import { gigabytesPerSecond, shareOfLimit, timesFaster } from "./ratios.mjs";

/**
 * @typedef {import("./rows").Row} Row
 * @typedef {import("./rows").Report} Report
 * @typedef {import("./options.mjs").SubjectName} SubjectName
 */

/** A number in three digits: 0.0123, 1.23, 123. */
export function threeDigits(/** @type {number} */ value) {
  if (value === 0) return "0";
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

const count = (/** @type {number} */ value) => value.toLocaleString("en").replaceAll(",", " ");
const orDash = (
  /** @type {number | undefined | null} */ value,
  /** @type {(value: number) => string} */ format,
) => (value === undefined || value === null ? "" : format(value));
/** How many times as fast as another subject the package is. */
const speedup =
  (/** @type {SubjectName} */ subject) => (/** @type {Row} */ row, /** @type {readonly Row[]} */ rows) =>
    row.subject === "webgpu-optim"
      ? orDash(timesFaster(rows, row, subject), (value) => `${threeDigits(value)}×`)
      : "";

/** @type {[heading: string, cell: (row: Row, rows: readonly Row[]) => string, alignsRight?: boolean][]} */
const COLUMNS = [
  ["subject", ({ subject }) => subject],
  ["tensors", ({ tensors, layout }) => (tensors === 1 ? "1" : `${count(tensors)} ${layout}`)],
  ["timed by", ({ timing }) => (timing === "submission" ? "submission" : "timestamps")],
  ["median ms", ({ medianMs }) => threeDigits(medianMs), true],
  ["least", ({ minMs }) => threeDigits(minMs), true],
  ["most", ({ maxMs }) => threeDigits(maxMs), true],
  ["GB/s", (row) => threeDigits(gigabytesPerSecond(row)), true],
  ["of limit", (row, rows) => orDash(shareOfLimit(rows, row), (value) => value.toFixed(2)), true],
  ["to tfjs", speedup("tfjs"), true],
  ["to jax-js", speedup("jax-js"), true],
  ["to naive", speedup("naive"), true],
  ["host µs", ({ hostMs }) => threeDigits(1000 * hostMs), true],
  ["objects", ({ objectsPerStep }) => String(Math.round(100 * objectsPerStep) / 100), true],
  ["garbage B", ({ garbageBytesPerStep }) => orDash(garbageBytesPerStep, count), true],
  ["kernel", ({ kernel = "" }) => kernel],
];

const caseOf = (/** @type {Row} */ { rule, parameters }) => `${rule}, ${count(parameters)} parameters`;

/** @param {Report} report */
export function tableOf({ adapterName, runtime, rows, notes }) {
  const cells = rows.map((row) => COLUMNS.map(([, cell]) => cell(row, rows)));
  const widths = COLUMNS.map(([heading], column) =>
    Math.max(heading.length, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  const line = (/** @type {readonly string[]} */ texts) =>
    texts
      .map((text, column) =>
        COLUMNS[column]?.[2] ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const lines = [adapterName, runtime];
  let heading = "";
  rows.forEach((row, index) => {
    const next = caseOf(row);
    if (next !== heading) lines.push("", next, line(COLUMNS.map(([name]) => name)));
    heading = next;
    lines.push(line(cells[index] ?? []));
  });
  if (notes.length > 0) lines.push("", "Not measured:", ...notes.map((note) => `  ${note}`));
  return lines.join("\n");
}
