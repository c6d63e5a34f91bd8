// For each case that others can do too: the time of a step of each, on one axis of powers of ten. Must not know how it
// is measured.
import type { Contest } from "../../bench/contests";
import type { Entrant, Row } from "../../bench/rows";
import type { SubjectName } from "../../bench/options.mjs";
import { element, setText } from "../shared/dom";
import { formatCase, formatTensorCount, formatTime, formatTimes, subjectLabel } from "./words";

const OTHERS: readonly SubjectName[] = ["naive", "tfjs", "jax-js"];
/** Room beyond the shortest and the longest bar. */
const MARGIN = 1.5;
/** A bar of the least time has this part of the width. */
const BASE = 0.06;

type Bar = { entrant: Entrant; fill: HTMLElement; value: HTMLElement; factor: HTMLElement };
type Chart = {
  contest: readonly Entrant[];
  figure: HTMLElement;
  plot: HTMLElement;
  axis: HTMLElement;
  bars: Bar[];
};

export class TimeCharts {
  readonly #root: HTMLElement;
  #charts: Chart[] = [];

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  /** Makes room for what will be measured. */
  plan(contests: readonly Contest[]): void {
    this.#charts = casesOf(contests).map(chartOf);
    this.#root.replaceChildren(...this.#charts.map(({ figure }) => figure));
    this.show([]);
  }

  show(rows: readonly Row[]): void {
    for (const chart of this.#charts) showChart(chart, rows);
  }
}

const isAlike = (a: Entrant, b: Entrant) =>
  a.rule === b.rule && a.parameters === b.parameters && a.tensors === b.tensors;

/** The entrants of each case in which others take part: the package's, then theirs. */
function casesOf(contests: readonly Contest[]): Entrant[][] {
  return contests.flatMap((contest) => {
    const others = contest.filter(({ subject }) => OTHERS.includes(subject));
    const first = others[0];
    if (!first) return [];
    const ours = contest.filter((entrant) => entrant.subject === "webgpu-optim" && isAlike(entrant, first));
    return [[...ours, ...others]];
  });
}

function chartOf(entrants: readonly Entrant[]): Chart {
  const axis = element("p");
  axis.className = "ticks";
  axis.setAttribute("aria-hidden", "true");
  const isSplit = entrants.some(({ layout }) => layout === "arena");
  const bars = entrants.map((entrant): Bar => {
    const fill = element("span");
    fill.className = "fill";
    return { entrant, fill, value: element("span"), factor: element("span") };
  });
  const items = bars.map(({ entrant, fill, value, factor }) => {
    const isOurs = entrant.subject === "webgpu-optim";
    const layout = element("small", isSplit && isOurs ? entrant.layout : "");
    const name = element("span", subjectLabel(entrant.subject), " ", layout);
    name.className = "name";
    const track = element("span", fill);
    track.className = "track";
    value.className = "value numbers";
    factor.className = "factor numbers";
    const item = element("li", name, track, value, factor);
    item.classList.toggle("ours", isOurs);
    return item;
  });
  const plot = element("div", axis, element("ol", ...items));
  plot.className = "plot";
  const caption = element(
    "figcaption",
    `${formatCase(entrants[0]!)} in ${formatTensorCount(entrants[0]!.tensors)}`,
  );
  return { contest: entrants, figure: element("figure", caption, plot), plot, axis, bars };
}

/** The row that shows an entrant beside the others: by submission where there is one, since they have no other. */
function rowOf(rows: readonly Row[], entrant: Entrant): Row | undefined {
  const { subject, layout } = entrant;
  const own = rows.filter((row) => row.subject === subject && row.layout === layout && isAlike(row, entrant));
  return own.find(({ timing }) => timing === "submission") ?? own[0];
}

function showChart({ contest, plot, axis, bars }: Chart, rows: readonly Row[]): void {
  const measured = bars.map(({ entrant }) => rowOf(rows, entrant));
  // An arena, where there is one: that is how many tensors are meant to be stepped.
  const ours = measured[0];
  const bound = rows.find((row) => row.subject === "streaming" && isAlike(row, contest[0]!));
  const times = [...measured, bound].flatMap((row) => (row ? [row.medianMs] : []));
  const least = Math.min(...times) / MARGIN;
  const most = Math.max(...times) * MARGIN;
  const place = (ms: number) => BASE + ((1 - BASE) * Math.log(ms / least)) / Math.log(most / least);
  bars.forEach(({ fill, value, factor }, index) => {
    const row = measured[index];
    fill.style.transform = `scaleX(${row ? place(row.medianMs) : 0})`;
    setText(value, row ? formatTime(row.medianMs) : "–");
    const isOther = row && row.subject !== "webgpu-optim" && ours?.timing === row.timing;
    setText(factor, isOther ? formatTimes(row.medianMs / ours.medianMs) : "");
  });
  plot.classList.toggle("limited", bound !== undefined);
  if (bound) plot.style.setProperty("--limit", `${100 * place(bound.medianMs)}%`);
  axis.replaceChildren(
    ...(times.length > 0 ? ticksBetween(least, most).map((ms) => tick(ms, place(ms))) : []),
  );
}

/** The powers of ten between two times. */
function ticksBetween(least: number, most: number): number[] {
  const first = Math.ceil(Math.log10(least));
  const count = Math.floor(Math.log10(most)) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => 10 ** (first + index));
}

function tick(ms: number, at: number): HTMLElement {
  const text =
    ms < 0.1
      ? `${Math.round(1000 * ms)} µs`
      : ms < 1000
        ? `${Number(ms.toPrecision(1))} ms`
        : `${Math.round(ms / 1000)} s`;
  const mark = element("span", text);
  mark.style.setProperty("--at", String(at));
  return mark;
}
