// A progress bar with its texts. Must not know what makes progress.
import { setText } from "./dom";

export class ProgressBar {
  readonly #bar: HTMLElement;
  readonly #fill: HTMLElement;
  readonly #status: HTMLElement;
  readonly #detail: HTMLElement;

  /** `bar` has the role progressbar and one child, its fill; `status` is announced to screen readers. */
  constructor(bar: HTMLElement, status: HTMLElement, detail: HTMLElement) {
    this.#bar = bar;
    this.#fill = bar.firstElementChild as HTMLElement;
    this.#status = status;
    this.#detail = detail;
  }

  /** Says what goes on; `fraction` from 0 to 1, or null while it is unknown. */
  show(status: string, fraction: number | null, detail = ""): void {
    setText(this.#status, status);
    setText(this.#detail, detail);
    this.#bar.classList.toggle("indeterminate", fraction === null);
    if (fraction === null) {
      this.#bar.removeAttribute("aria-valuenow");
      return;
    }
    this.#bar.setAttribute("aria-valuenow", String(Math.round(100 * fraction)));
    this.#fill.style.transform = `scaleX(${fraction})`;
  }
}
