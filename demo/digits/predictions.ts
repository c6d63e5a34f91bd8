// The grid of test digits with what the model reads in each. Must not know how it reads.
import { setText } from "../shared/dom";
import { type DigitSet, PIXELS, SIDE } from "./data";
import { drawInk } from "./ink";

/** Positions in the test set: a run of ordinary digits, then some of the first 500 that networks often misread. */
const ORDINARY_COUNT = 24;
const HARD = [
  115, 149, 151, 217, 241, 247, 259, 290, 300, 313, 320, 321, 340, 358, 381, 403, 412, 435, 444, 445, 447,
  448, 449, 495,
];
const POSITIONS = [...Array(ORDINARY_COUNT).keys(), ...HARD];

type Cell = { item: HTMLLIElement; caption: HTMLSpanElement; position: number; label: number };

export class Predictions {
  readonly #list: HTMLElement;
  readonly #summary: HTMLElement;
  #cells: Cell[] = [];

  constructor(list: HTMLElement, summary: HTMLElement) {
    this.#list = list;
    this.#summary = summary;
    // Empty frames keep the place until the images are there.
    list.replaceChildren(...POSITIONS.map(() => document.createElement("li")));
  }

  /** Draws the digits of the test set, unread. */
  draw(set: DigitSet): void {
    this.#cells = POSITIONS.map((position) => {
      const item = document.createElement("li");
      const caption = document.createElement("span");
      item.append(drawDigit(set.images.subarray(position * PIXELS, (position + 1) * PIXELS)), caption);
      return { item, caption, position, label: set.labels[position]! };
    });
    this.#list.replaceChildren(...this.#cells.map(({ item }) => item));
    this.clear();
  }

  /** Forgets what was read. */
  clear(): void {
    for (const { item, caption, label } of this.#cells) {
      item.className = "";
      item.setAttribute("aria-label", `A ${label}, not read yet`);
      setText(caption, "\u00a0");
    }
    setText(this.#summary, "Half of these are hard ones");
  }

  /** Shows what `reader` reads; `digits` are those of the first images of the test set. */
  show(digits: ArrayLike<number>, reader: string): void {
    let right = 0;
    for (const { item, caption, position, label } of this.#cells) {
      const digit = digits[position]!;
      const isRight = digit === label;
      if (isRight) right++;
      item.className = isRight ? "right" : "wrong";
      item.setAttribute("aria-label", `A ${label}, read as ${digit}: ${isRight ? "right" : "wrong"}`);
      setText(caption, isRight ? `✓ ${digit}` : `✗ ${digit}`);
    }
    setText(this.#summary, `${reader}: ${right} of ${this.#cells.length}, half are hard`);
  }
}

/** A digit in a canvas of its own; the style's filter gives it the text's colour. */
function drawDigit(pixels: Uint8Array): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = SIDE;
  canvas.height = SIDE;
  drawInk(canvas, pixels, 255);
  return canvas;
}
