// What each pair of networks draws from the same noise, now and at earlier times. Must not know how it is drawn.
import { SIDE } from "../digits/data";
import { drawInk } from "../digits/ink";
import type { ComparedRule } from "../learning/advised.mjs";
import { ruleDot } from "../learning/rule-table";
import { byId, element, setText } from "../shared/dom";
import { formatCount } from "../shared/format";
import { ruleLabel } from "../shared/rules";

const COLUMNS = 10;
const ROWS = 5;
/** Images that are shown of each rule. */
export const DRAWN = COLUMNS * ROWS;

/** Pixels of each rule, in their order, after some steps. */
type Moment = { step: number; pixels: readonly Float32Array[] };

export class Drawings {
  readonly #list = byId("drawings");
  readonly #summary = byId("drawings-summary");
  readonly #lookBack = byId("look-back", HTMLInputElement);
  #canvases: HTMLCanvasElement[] = [];
  #moments: Moment[] = [];

  constructor() {
    this.#lookBack.addEventListener("input", () => {
      this.#show(Number(this.#lookBack.value));
    });
  }

  /** Starts with empty canvases, one for each rule. */
  start(rules: readonly ComparedRule[]): void {
    this.#moments = [];
    this.#canvases = rules.map((rule) => {
      const canvas = element("canvas");
      canvas.width = COLUMNS * SIDE;
      canvas.height = ROWS * SIDE;
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `Digits drawn under ${ruleLabel(rule)}`);
      return canvas;
    });
    this.#list.replaceChildren(
      ...rules.map((rule, index) =>
        element("li", element("h3", ruleDot(rule), ruleLabel(rule)), this.#canvases[index]!),
      ),
    );
    Object.assign(this.#lookBack, { disabled: true, max: "0", value: "0" });
    setText(this.#summary, "Each drawing keeps its noise");
  }

  /** Adds what is drawn now, and shows it unless the visitor is looking back. */
  add(step: number, pixels: readonly Float32Array[]): void {
    const isLatest = Number(this.#lookBack.value) === Math.max(0, this.#moments.length - 1);
    this.#moments.push({ step, pixels });
    const last = this.#moments.length - 1;
    this.#lookBack.max = String(last);
    this.#lookBack.disabled = last === 0;
    if (!isLatest) return;
    this.#lookBack.value = String(last);
    this.#show(last);
  }

  #show(moment: number): void {
    const shown = this.#moments[moment];
    if (!shown) return;
    shown.pixels.forEach((pixels, index) => {
      drawInk(this.#canvases[index]!, pixels, 1);
    });
    const text = `After ${formatCount(shown.step)} steps`;
    setText(this.#summary, text);
    this.#lookBack.setAttribute("aria-valuetext", text);
  }
}
