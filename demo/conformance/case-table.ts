// The table of cases: a row for each, filled in as results come. Must not know what makes results.
import type { CaseResult } from "webgpu-optim/conformance";
import { byId, setText } from "../shared/dom";
import { formatCount } from "../shared/format";
import { CaseRow } from "./case-row";
import type { ListedCase } from "./outcome";
import { type Choice, isShown } from "./view";

export class CaseTable {
  readonly #container = byId("rows");
  readonly #scroller = byId("scroller");
  readonly #empty = byId("empty");
  readonly #count = byId("count");
  #rows = new Map<string, CaseRow>();
  #choice: Choice;

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  /** Has these cases, none of them run. Rows that stay keep their elements, and stay open. */
  setCases(cases: readonly ListedCase[]): void {
    const before = this.#rows;
    this.#rows = new Map(
      cases.map((listed) => {
        const row = before.get(listed.name) ?? new CaseRow(listed);
        if (row.outcome) row.show(undefined);
        return [listed.name, row];
      }),
    );
    this.arrange(this.#choice);
  }

  /** Fills in results, leaving rows where they are. */
  show(results: readonly CaseResult[]): void {
    for (const result of results) {
      const row = this.#rows.get(result.name);
      if (!row) continue;
      row.show(result);
      this.#showOrHide(row);
    }
    this.#showCount();
  }

  /** Shows what is chosen, in the order chosen. */
  arrange(choice: Choice): void {
    this.#choice = choice;
    const rows = [...this.#rows.values()];
    if (choice.order === "used") rows.sort((a, b) => b.used - a.used);
    if (choice.order === "slow") rows.sort((a, b) => slowness(b) - slowness(a));
    for (const row of rows) this.#showOrHide(row);
    this.#container.replaceChildren(...rows.map(({ group }) => group));
    this.#scroller.scrollTop = 0;
    this.#showCount();
  }

  #showOrHide({ group, listed, outcome }: CaseRow): void {
    const hidden = !isShown(listed, outcome?.passed === false, this.#choice);
    if (group.hidden !== hidden) group.hidden = hidden;
  }

  #showCount(): void {
    const total = this.#rows.size;
    const shown = [...this.#rows.values()].filter(({ group }) => !group.hidden).length;
    this.#empty.hidden = shown > 0;
    const all = `${formatCount(total)} ${total === 1 ? "case" : "cases"}`;
    setText(this.#count, shown === total ? all : `${formatCount(shown)} of ${all}`);
  }
}

const slowness = ({ outcome }: CaseRow) => outcome?.durationMs ?? -1;
