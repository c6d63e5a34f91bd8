// A table with one row for each rule that is compared. Must not know what its columns mean.
import { element, setText } from "../shared/dom";
import { ruleColor, ruleLabel } from "../shared/rules";
import type { ComparedRule } from "./advised.mjs";

const NOTHING = "–";

/** A number of a run, with so many digits; a run whose numbers are none has diverged. */
export const runNumber = (value: number, digits: number): string =>
  Number.isFinite(value) ? value.toFixed(digits) : "diverged";

export class RuleTable<Column extends string> {
  readonly #body: HTMLTableSectionElement;
  readonly #columns: readonly Column[];
  #rows = new Map<ComparedRule, Map<Column, HTMLTableCellElement>>();

  /** Fills an empty table. */
  constructor(table: HTMLElement, columns: Record<Column, string>) {
    this.#columns = Object.keys(columns) as Column[];
    const heading = element("tr");
    for (const text of ["Rule", ...this.#columns.map((name) => columns[name])]) {
      const cell = element("th", text);
      cell.scope = "col";
      heading.append(cell);
    }
    this.#body = element("tbody");
    table.replaceChildren(element("thead", heading), this.#body);
  }

  /** Starts with empty rows of these rules. */
  start(rules: readonly ComparedRule[]): void {
    this.#rows = new Map();
    this.#body.replaceChildren(
      ...rules.map((rule) => {
        const cells = new Map(this.#columns.map((name) => [name, element("td", NOTHING)]));
        this.#rows.set(rule, cells);
        const head = element("th", ruleDot(rule), ruleLabel(rule));
        head.scope = "row";
        const row = element("tr", head, ...cells.values());
        row.dataset.rule = rule;
        return row;
      }),
    );
  }

  show(rule: ComparedRule, values: Partial<Record<Column, string>>): void {
    for (const [name, text] of Object.entries<string | undefined>(values)) {
      if (text !== undefined) setText(this.#rows.get(rule)!.get(name as Column)!, text);
    }
  }
}

/** A dot in the rule's colour. */
export function ruleDot(rule: ComparedRule): HTMLElement {
  const dot = element("i");
  dot.className = "dot";
  dot.style.setProperty("--swatch", `var(${ruleColor(rule)})`);
  return dot;
}
