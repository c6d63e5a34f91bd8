// The host scalars of one group by the count of steps taken, for steps of which only the GPU knows whether they are
// taken. Scalars are affine in lr, so that a row serves every learning rate: each scalar at lr 0, and what it gains as lr
// grows by 1. Rows are written once and not changed while a recorded step may read them.
import { TABLE_ROWS } from "./gpu/gradient-control.js";
import type { Memory, RuleOptions, StepContext, UpdateRule } from "./rule.js";

/** Steps that may have been skipped, beyond what the host knows of, when an option other than lr is assigned. */
const WINDOW = 64;

/** What the table needs to know of its group. */
type Source<O extends RuleOptions> = { rule: UpdateRule<O>; options: Readonly<O> };

export class ScalarTable<O extends RuleOptions> {
  /** Index of the row that is read when no step has been taken yet. */
  shift = 0;
  /** Largest count of steps taken that has a row. */
  #last = -1;
  /** Where the next row goes. */
  #free = 0;
  #options: string | undefined;
  /** The rule's own scalars before the step that follows so many taken. */
  readonly #memories = new Map<number, Memory>();

  constructor(
    readonly source: Source<O>,
    /** Writes a row's floats. */
    readonly write: (row: number, floats: Float32Array<ArrayBuffer>) => void,
  ) {}

  /**
   * Makes sure that every count of steps taken which the next step may find has a row.
   * @param least steps taken if all were skipped that the host does not know of
   * @param most steps taken if none was
   * @param memory the rule's own scalars after `most` steps
   */
  cover(least: number, most: number, memory: Memory): void {
    this.#memories.set(most, memory);
    this.#memories.delete(most - TABLE_ROWS);
    const options = JSON.stringify(this.source.options, (key, value: unknown) =>
      key === "lr" || key === "params" || key === "step" || key === "frozen"
        ? undefined
        : value === Infinity
          ? "∞"
          : value,
    );
    if (options !== this.#options) {
      const first = Math.max(least, most - WINDOW + 1, 0);
      this.shift = (((this.#free - first) % TABLE_ROWS) + TABLE_ROWS) % TABLE_ROWS;
      this.#last = first - 1;
      this.#options = options;
    }
    while (this.#last < most) {
      this.#last++;
      this.#free = (this.#last + this.shift + 1) % TABLE_ROWS;
      this.write((this.#last + this.shift) % TABLE_ROWS, this.#row(this.#last));
    }
  }

  /** Forgets every row. */
  reset(): void {
    this.#options = undefined;
    this.#memories.clear();
  }

  /** The rule's own scalars after so many steps taken, if known. */
  memoryAfter(taken: number): Memory | undefined {
    return this.#memories.get(taken);
  }

  #row(taken: number): Float32Array<ArrayBuffer> {
    const { rule, options } = this.source;
    const memory = this.#memories.get(taken) ?? rule.memory ?? {};
    const context: StepContext = { lr: 0, step: taken + 1, gradScale: 1, memory };
    const base = rule.hostScalars(options, context);
    const at1 = rule.hostScalars(options, { ...context, lr: 1 });
    const floats = new Float32Array(2 * rule.scalars.length);
    rule.scalars.forEach((name, index) => {
      floats[2 * index] = base[name]!;
      floats[2 * index + 1] = at1[name]! - base[name]!;
    });
    return floats;
  }
}
