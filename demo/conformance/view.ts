// The form above the table: which cases are shown, and in which order. Must not know how they are shown.
import { byId } from "../shared/dom";
import { formatCount } from "../shared/format";
import { contains, type ListedCase } from "./outcome";

const ALL = "";

export type Order = "run" | "used" | "slow";

/** What the form says. */
export type Choice = { rule: string; kind: string; text: string; failuresOnly: boolean; order: Order };

export class View {
  readonly #rule = byId("rule", HTMLSelectElement);
  readonly #kind = byId("kind", HTMLSelectElement);
  readonly #order = byId("order", HTMLSelectElement);
  readonly #search = byId("search", HTMLInputElement);
  readonly #failures = byId("failures", HTMLInputElement);
  readonly #onChange: (choice: Choice) => void;

  constructor(onChange: (choice: Choice) => void) {
    this.#onChange = onChange;
    const form = byId("view", HTMLFormElement);
    form.addEventListener("input", () => {
      this.#changed();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
    });
    this.setCases([]);
  }

  /** Offers the rules and kinds of these cases. */
  setCases(cases: readonly ListedCase[]): void {
    offer(
      this.#rule,
      "All rules",
      cases.map(({ rule }) => rule),
    );
    offer(
      this.#kind,
      "All kinds",
      cases.map(({ kind }) => kind),
    );
  }

  /** Picks one rule, closest to the bound first. */
  pick(rule: string): void {
    this.#rule.value = rule;
    this.#kind.value = ALL;
    this.#order.value = "used";
    this.#search.value = "";
    this.#failures.checked = false;
    this.#changed();
  }

  get choice(): Choice {
    return {
      rule: this.#rule.value,
      kind: this.#kind.value,
      text: this.#search.value.trim(),
      failuresOnly: this.#failures.checked,
      order: this.#order.value as Order,
    };
  }

  #changed(): void {
    this.#onChange(this.choice);
  }
}

/** Whether a case is shown; `failed` is false before it is run. */
export function isShown({ rule, kind, name }: ListedCase, failed: boolean, choice: Choice): boolean {
  return (
    (choice.rule === ALL || choice.rule === rule) &&
    (choice.kind === ALL || choice.kind === kind) &&
    (!choice.failuresOnly || failed) &&
    contains(name, choice.text)
  );
}

/** Fills a selection with what occurs among the values, keeping what is selected. */
function offer(select: HTMLSelectElement, all: string, values: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const selected = select.value;
  select.replaceChildren(
    new Option(all, ALL),
    ...[...counts].map(([value, count]) => new Option(`${value} (${formatCount(count)})`, value)),
  );
  if (counts.has(selected)) select.value = selected;
}
