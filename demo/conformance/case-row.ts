// One row of the table, and the explanation that opens below it. Must not know the other rows.
import type { CaseResult } from "webgpu-optim/conformance";
import { element, setText } from "../shared/dom";
import { explain } from "./explanation";
import { type ListedCase, usedOf, worstOf } from "./outcome";
import { formatError, formatUsed, shortName } from "./words";

const BLANK = "\u00a0";
let rowCount = 0;

export class CaseRow {
  readonly listed: ListedCase;
  /** The row group that holds the row and its explanation. */
  readonly group = element("div");
  readonly #button = element("button");
  readonly #result = cell("result", "–");
  readonly #error = cell("error");
  readonly #quantity = element("span");
  readonly #percent = element("span");
  readonly #bar = element("span");
  readonly #ms = cell("ms numbers", "–");
  readonly #details = element("div");
  #outcome: CaseResult | undefined;

  constructor(listed: ListedCase) {
    this.listed = listed;
    this.#quantity.className = "quantity";
    this.#bar.className = "bar";
    this.#button.type = "button";
    this.#button.textContent = shortName(listed);
    this.#button.addEventListener("click", () => {
      this.#open(!this.#isOpen);
    });
    const name = cell("name", this.#button);
    const row = element(
      "div",
      this.#result,
      cell("rule", listed.rule),
      cell("kind", listed.kind),
      name,
      this.#error,
      cell("used", this.#percent, this.#bar),
      this.#ms,
    );
    row.className = "row";
    row.setAttribute("role", "row");
    this.#details.id = `details-${++rowCount}`;
    this.#button.setAttribute("aria-controls", this.#details.id);
    this.group.className = "case";
    this.group.setAttribute("role", "rowgroup");
    this.#details.className = "details";
    this.#details.setAttribute("role", "row");
    this.group.append(row, this.#details);
    this.#open(false);
    this.show(undefined);
  }

  get outcome(): CaseResult | undefined {
    return this.#outcome;
  }

  /** The part of the bound that was used; below 0 before the case is run. */
  get used(): number {
    if (!this.#outcome) return -1;
    if (!this.#outcome.passed && this.#outcome.measurements.length === 0) return Infinity;
    const worst = worstOf(this.#outcome.measurements);
    return worst ? usedOf(worst) : 0;
  }

  /** Shows what the case came to; undefined before it is run. */
  show(outcome: CaseResult | undefined): void {
    this.#outcome = outcome;
    const worst = outcome && worstOf(outcome.measurements);
    this.group.classList.toggle("failed", outcome?.passed === false);
    this.group.classList.toggle("passed", outcome?.passed === true);
    setText(this.#result, outcome ? (outcome.passed ? "✓ pass" : "✗ fail") : "–");
    setText(this.#ms, outcome ? outcome.durationMs.toFixed(outcome.durationMs < 10 ? 1 : 0) : "–");
    this.#error.replaceChildren(worst ? formatError(worst) : withoutError(outcome), " ", this.#quantity);
    setText(this.#quantity, worst?.quantity ?? BLANK);
    setText(this.#percent, worst ? formatUsed(usedOf(worst)) : "–");
    this.#bar.style.setProperty("--used", String(worst ? Math.min(usedOf(worst), 1) : 0));
    if (this.#isOpen) this.#fill();
  }

  get #isOpen(): boolean {
    return !this.#details.hidden;
  }

  #open(open: boolean): void {
    this.#details.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
    if (open) this.#fill();
    else this.#details.replaceChildren();
  }

  #fill(): void {
    const inside = cell("", ...explain(this.listed, this.#outcome));
    inside.setAttribute("aria-colspan", "7");
    this.#details.replaceChildren(inside);
  }
}

/** What stands in the place of the error of a case that measured none. */
function withoutError(outcome: CaseResult | undefined): string {
  if (!outcome) return "–";
  return outcome.thrown === undefined ? "nothing to measure" : "broke off";
}

function cell(className: string, ...children: (string | Node)[]): HTMLElement {
  const created = element("div", ...children);
  created.className = className;
  created.setAttribute("role", "cell");
  return created;
}
