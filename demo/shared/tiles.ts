// A row of large numbers with their names. Must not know what they measure.
import { element, setText } from "./dom";

const BLANK = "\u00a0";

/** Tiles of a `<dl class="tiles">`, by name; each has room for a detail of two lines under its value. */
export class Tiles<Name extends string> {
  readonly #tiles = new Map<string, { value: HTMLElement; detail: HTMLElement }>();

  constructor(list: HTMLElement, titles: Record<Name, string>) {
    for (const [name, title] of Object.entries<string>(titles)) {
      const value = element("dd");
      value.id = name;
      value.dataset.testid = name;
      const detail = element("dd");
      detail.id = `${name}-detail`;
      detail.className = "hint";
      list.append(element("div", element("dt", title), value, detail));
      this.#tiles.set(name, { value, detail });
    }
    this.clear();
  }

  /** A line break in the detail starts its second line. */
  show(name: Name, value: string, detail = BLANK): void {
    const tile = this.#tiles.get(name)!;
    setText(tile.value, value);
    setText(tile.detail, detail);
  }

  clear(): void {
    for (const { value, detail } of this.#tiles.values()) {
      setText(value, "–");
      setText(detail, BLANK);
    }
  }
}
