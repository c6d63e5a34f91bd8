// The table of all rows. Must not know how they are measured.
import { gigabytesPerSecond, shareOfLimit, timesFaster } from "../../bench/ratios.mjs";
import type { Row } from "../../bench/rows";
import { element } from "../shared/dom";
import { formatCount, formatPercent } from "../shared/format";
import { ruleLabel } from "../shared/rules";
import { formatMean, formatTensors, formatTime, formatTimes, subjectLabel, threeDigits } from "./words";

type Column = {
  heading: string;
  title?: string;
  cell: (row: Row, rows: readonly Row[]) => string;
  isText?: boolean;
};

const orBlank = (value: number | undefined | null, format: (value: number) => string) =>
  value === undefined || value === null ? "" : format(value);

const COLUMNS: readonly Column[] = [
  { heading: "Subject", cell: ({ subject }) => subjectLabel(subject), isText: true },
  { heading: "Rule", cell: ({ rule }) => ruleLabel(rule), isText: true },
  { heading: "Parameters", cell: ({ parameters }) => formatCount(parameters) },
  { heading: "Tensors", cell: formatTensors, isText: true },
  { heading: "Median", cell: ({ medianMs }) => formatTime(medianMs) },
  {
    heading: "Of limit",
    cell: (row, rows) => orBlank(shareOfLimit(rows, row), (share) => formatPercent(share, 0)),
  },
  {
    heading: "vs TensorFlow.js",
    title: "How many times as fast as TensorFlow.js",
    cell: (row, rows) =>
      row.subject === "webgpu-optim" ? orBlank(timesFaster(rows, row, "tfjs"), formatTimes) : "",
  },
  { heading: "Least", cell: ({ minMs }) => formatTime(minMs) },
  { heading: "Most", cell: ({ maxMs }) => formatTime(maxMs) },
  {
    heading: "GB/s",
    title: "Bytes that a step in place has to move, over its time",
    cell: (row) => threeDigits(gigabytesPerSecond(row)),
  },
  {
    heading: "Host",
    title: "Time of the page's own thread per step",
    cell: ({ hostMs }) => formatTime(hostMs),
  },
  {
    heading: "Objects",
    title: "GPU objects created per step",
    cell: ({ objectsPerStep }) => formatMean(objectsPerStep),
  },
  {
    heading: "Timed by",
    cell: ({ timing }) => (timing === "submission" ? "submission" : "GPU clock"),
    isText: true,
  },
];

export class RowTable {
  readonly #body: HTMLElement;
  readonly #empty: HTMLElement;

  constructor(head: HTMLElement, body: HTMLElement, empty: HTMLElement) {
    this.#body = body;
    this.#empty = empty;
    const headings = COLUMNS.map(({ heading, title, isText }) => {
      const cell = element("th", heading);
      cell.scope = "col";
      cell.className = isText ? "" : "numbers";
      cell.title = title ?? "";
      return cell;
    });
    head.append(element("tr", ...headings));
  }

  show(rows: readonly Row[]): void {
    this.#empty.hidden = rows.length > 0;
    this.#body.replaceChildren(
      ...rows.map((row) => {
        const cells = COLUMNS.map(({ cell, isText }) => {
          const created = element("td", cell(row, rows));
          created.className = isText ? "" : "numbers";
          return created;
        });
        const line = element("tr", ...cells);
        line.classList.toggle("ours", row.subject === "webgpu-optim");
        line.title = row.kernel ? `Kernel ${row.kernel}` : "";
        return line;
      }),
    );
  }
}
