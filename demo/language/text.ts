// Moby-Dick as numbers: the alphabet, the book in it, and the windows that training reads. Must not know networks or
// pages.
import url from "virtual:moby-dick";

/** The characters that the network reads and writes; others (digits, brackets) are left out of the book. */
export const ALPHABET = "\n abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,.;:!?'\"-—";

/** Share of the book, from its start, that is trained on; the rest is never trained on. */
const TRAINING_SHARE = 0.95;

/** Places in {@link ALPHABET}. */
export type Characters = Uint8Array<ArrayBuffer>;
export type Book = { training: Characters; validation: Characters };

export function encode(text: string): Characters {
  const places = Array.from(text, (character) => ALPHABET.indexOf(character));
  return Uint8Array.from(places.filter((place) => place >= 0));
}

export const decode = (characters: Iterable<number>): string =>
  Array.from(characters, (place) => ALPHABET[place]).join("");

/** Fetches the book: 1.2 MB. */
export async function loadBook(): Promise<Book> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} could not be loaded (status ${response.status})`);
  const book = encode(await response.text());
  const cut = Math.floor(TRAINING_SHARE * book.length);
  return { training: book.slice(0, cut), validation: book.slice(cut) };
}

/** Inputs and the characters that follow them, `[window, streams]` each. */
export type Window = { inputs: Int32Array<ArrayBuffer>; targets: Int32Array<ArrayBuffer> };

/** Reads a text in several places at once, window after window. */
export class Streams {
  readonly #text: Characters;
  readonly #starts: readonly number[];
  readonly #length: number;
  #offset = 0;

  /**
   * @param starts where each stream begins; a stream that comes to the end goes on at the beginning
   * @param length characters in a window
   */
  constructor(text: Characters, starts: readonly number[], length: number) {
    this.#text = text;
    this.#starts = starts;
    this.#length = length;
  }

  /** Streams that begin evenly apart. */
  static even(text: Characters, count: number, length: number): Streams {
    const apart = Math.floor(text.length / count);
    const starts = Array.from({ length: count }, (_, stream) => stream * apart);
    return new Streams(text, starts, length);
  }

  next(): Window {
    const count = this.#starts.length;
    const at = (stream: number, time: number) =>
      this.#text[(this.#starts[stream]! + this.#offset + time) % this.#text.length]!;
    const read = (shift: number) =>
      Int32Array.from({ length: this.#length * count }, (_, index) =>
        at(index % count, Math.floor(index / count) + shift),
      );
    const window = { inputs: read(0), targets: read(1) };
    this.#offset += this.#length;
    return window;
  }
}
