// Bars of the worst error of each rule, against the limit. Must not know how errors are measured.
import { setText } from "../shared/dom";
import type { RuleOutcome } from "./outcome";
import { formatError, formatUsed, shortName } from "./words";

/** What the full width of a bar stands for: the limit and a quarter beyond. */
const FULL = 1.25;

type Bar = { fill: HTMLElement; value: HTMLElement; item: HTMLElement };

export class RuleBars {
  readonly #bars = new Map<string, Bar>();

  /** One bar per rule in `list`; calls back with a rule when its name is pressed. */
  constructor(list: HTMLElement, rules: readonly string[], onPick: (rule: string) => void) {
    for (const rule of rules) {
      const item = document.createElement("li");
      const name = document.createElement("button");
      name.type = "button";
      name.textContent = rule;
      name.title = `Show the cases of ${rule}, the closest to their bound first`;
      name.addEventListener("click", () => {
        onPick(rule);
      });
      const track = document.createElement("span");
      track.className = "track";
      const fill = document.createElement("span");
      track.append(fill);
      const value = document.createElement("span");
      value.className = "value numbers";
      item.append(name, track, value);
      list.append(item);
      this.#bars.set(rule, { fill, value, item });
    }
    this.show([]);
  }

  /** Draws the outcomes; rules without one have no bar. */
  show(outcomes: readonly RuleOutcome[]): void {
    const byRule = new Map(outcomes.map((outcome) => [outcome.rule, outcome]));
    for (const [rule, { fill, value, item }] of this.#bars) {
      const { worst, failedCount = 0 } = byRule.get(rule) ?? {};
      const used = worst?.used ?? 0;
      fill.style.transform = `scaleX(${Math.min(used / FULL, 1)})`;
      item.classList.toggle("over", failedCount > 0);
      const text = worst ? formatUsed(used) : "–";
      setText(value, failedCount > 0 ? `✗ ${text}` : text);
      item.title = worst
        ? `${shortName({ name: worst.name, rule })}: ${worst.measurement.quantity} ${formatError(worst.measurement)}`
        : "";
    }
  }
}
