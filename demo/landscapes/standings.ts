// The table of a run: how each rule stands. Must not know how it got there.
import { byId, element, setText } from "../shared/dom";
import { formatPercent } from "../shared/format";
import { ruleColor, ruleLabel, type RuleName } from "../shared/rules";
import type { Run } from "./run";

const NONE = "–";

export class Standings {
  readonly #body = byId("standings", HTMLTableSectionElement);
  readonly #valueHeading = byId("value-heading");
  readonly #arrivedHeading = byId("arrived-heading");
  #cells = new Map<RuleName, { value: HTMLElement; arrived: HTMLElement }>();

  /** A row for each rule of a run, in the order of the run. */
  start(run: Run, rates: ReadonlyMap<RuleName, number>): void {
    const isRace = run.plan.view === "race";
    setText(this.#valueHeading, isRace ? "Height now" : "Share at the minimum");
    setText(this.#arrivedHeading, isRace ? "Arrived at step" : "Half arrived by step");
    this.#cells = new Map();
    const rows = run.plan.rules.map((rule) => {
      const swatch = element("i");
      swatch.className = "dot";
      swatch.style.setProperty("--swatch", `var(${ruleColor(rule)})`);
      const heading = element("th", swatch, ruleLabel(rule));
      heading.scope = "row";
      const cell = (text: string) => {
        const created = element("td", text);
        created.className = "numbers";
        return created;
      };
      const cells = { value: cell(NONE), arrived: cell(NONE) };
      this.#cells.set(rule, cells);
      const row = element("tr", heading, cell(String(rates.get(rule))), cells.value, cells.arrived);
      row.dataset.rule = rule;
      return row;
    });
    this.#body.replaceChildren(...rows);
  }

  show(run: Run): void {
    const format = run.plan.view === "race" ? formatHeight : (share: number) => formatPercent(share, 1);
    for (const [rule, { value, arrived }] of this.#cells) {
      const latest = run.measured.values.get(rule)!.at(-1);
      setText(value, latest === undefined ? NONE : format(latest));
      setText(arrived, String(run.arrivedAt.get(rule) ?? NONE));
    }
  }
}

const formatHeight = (height: number) =>
  !Number.isFinite(height) ? "off the map" : height === 0 ? "0" : height.toPrecision(2);
