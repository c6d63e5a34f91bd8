// The form that says which cases to run, kept in the address so that a run can be shared as a link. Must not know how
// they are run.
import { byId, onPress, setEnabled, setText } from "../shared/dom";
import { formatCount } from "../shared/format";
import { contains, type ListedCase } from "./outcome";
import { linkTo } from "./share";

export type ScopeEvents = {
  onRun: () => void;
  onStop: () => void;
  /** Other cases are to be run. */
  onChange: () => void;
};

export class Scope {
  readonly #filter = byId("filter", HTMLInputElement);
  readonly #run = byId("run", HTMLButtonElement);
  readonly #stop = byId("stop", HTMLButtonElement);
  readonly #hint = byId("scope-hint");
  #all: readonly ListedCase[] = [];
  #canRun = false;

  constructor(search: string, { onRun, onStop, onChange }: ScopeEvents) {
    this.#filter.value = new URLSearchParams(search).get("filter") ?? "";
    this.#filter.addEventListener("input", () => {
      history.replaceState(null, "", linkTo(this.filter));
      this.#show();
      onChange();
    });
    // A submit is a press of the button, or Enter in the field.
    byId("scope", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#run.getAttribute("aria-disabled") !== "true") onRun();
    });
    onPress(this.#stop, onStop);
  }

  get filter(): string {
    return this.#filter.value.trim();
  }

  /** The cases to be run. */
  get chosen(): ListedCase[] {
    return this.#all.filter(({ name }) => contains(name, this.filter));
  }

  setCases(all: readonly ListedCase[]): void {
    this.#all = all;
    this.#show();
  }

  setButtons(canRun: boolean, canStop: boolean): void {
    this.#canRun = canRun;
    this.#filter.readOnly = !canRun;
    setEnabled(this.#stop, canStop);
    this.#show();
  }

  #show(): void {
    const { length } = this.chosen;
    const isUnmatched = length === 0 && this.#all.length > 0;
    setEnabled(this.#run, this.#canRun && length > 0);
    this.#hint.classList.toggle("error", isUnmatched);
    const count = formatCount(this.#all.length);
    if (this.#all.length === 0) setText(this.#hint, "\u00a0");
    else if (isUnmatched) setText(this.#hint, `None of the ${count} cases has this in its name`);
    else if (length === this.#all.length) setText(this.#hint, `All ${count} cases`);
    else setText(this.#hint, `${formatCount(length)} of ${count} cases`);
  }
}
