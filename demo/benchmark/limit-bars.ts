// Bars of the package's speed against the limit, one for each case with a limit. Must not know how it is measured.
import type { Contest } from "../../bench/contests";
import { shareOfLimit } from "../../bench/ratios.mjs";
import type { Entrant, Row } from "../../bench/rows";
import { element, setText } from "../shared/dom";
import { formatCount, formatPercent } from "../shared/format";
import { ruleColor, ruleLabel } from "../shared/rules";
import { formatTensors, formatTime } from "./words";

/** What the full width of a bar stands for: the limit and a quarter beyond. */
const FULL = 1.25;

type Bar = { entrant: Entrant; item: HTMLElement; fill: HTMLElement; value: HTMLElement };

export class LimitBars {
  readonly #list: HTMLElement;
  #bars: Bar[] = [];

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  /** Makes room for what will be measured. */
  plan(contests: readonly Contest[]): void {
    const entrants = contests.flatMap((contest) =>
      contest.filter(
        (entrant) =>
          entrant.subject === "webgpu-optim" &&
          contest.some((other) => other.subject === "streaming" && isSameCase(other, entrant)),
      ),
    );
    this.#bars = entrants.map(barOf);
    this.#list.replaceChildren(...this.#bars.map(({ item }) => item));
    this.show([]);
  }

  show(rows: readonly Row[]): void {
    for (const { entrant, item, fill, value } of this.#bars) {
      const ours = rows.filter((row) => row.subject === "webgpu-optim" && isSameCase(row, entrant));
      const row = ours.find((candidate) => shareOfLimit(rows, candidate) !== undefined);
      const share = row && shareOfLimit(rows, row);
      fill.style.transform = `scaleX(${Math.min((share ?? 0) / FULL, 1)})`;
      setText(value, share === undefined ? "–" : formatPercent(share, 0));
      item.title = row
        ? `${formatTime(row.medianMs)} a step, between ${formatTime(row.minMs)} and ${formatTime(row.maxMs)}`
        : "";
    }
  }
}

const isSameCase = (a: Entrant, b: Entrant) =>
  a.rule === b.rule && a.parameters === b.parameters && a.tensors === b.tensors && a.layout === b.layout;

function barOf(entrant: Entrant): Bar {
  const { rule, parameters } = entrant;
  const tensors = element("small", `parameters in ${formatTensors(entrant)}`);
  const name = element("span", `${ruleLabel(rule)}, ${formatCount(parameters)}`, tensors);
  name.className = "name";
  const fill = element("span");
  fill.style.setProperty("background", `var(${ruleColor(entrant.rule)})`);
  const track = element("span", fill);
  track.className = "track";
  const value = element("span");
  value.className = "value numbers";
  return { entrant, item: element("li", name, track, value), fill, value };
}
