// Counts steps of which only the GPU knows whether they are taken, and keeps the scalars ready for whichever count it
// finds. Stands between the param groups and src/gpu/gradient-control.ts.
import { GradientControl, type ControlOptions, type Decided } from "./gpu/gradient-control.js";
import type { GroupRecord, Named } from "./param-groups.js";
import type { RuleOptions, StepContext } from "./rule.js";
import { MAX_FLOAT32 } from "./host-scalars.js";
import { ScalarTable } from "./scalar-table.js";
import { groupStats, unknownSums, type StepStats, type StepSums } from "./step-stats.js";

/** A group's counts: recorded by the host, and what the GPU last told. */
type Counted<O extends RuleOptions, P extends Named> = {
  record: GroupRecord<O, P>;
  table: ScalarTable<O>;
  recorded: number;
  known: { run: number; taken: number };
};

export class ControlledSteps<O extends RuleOptions, P extends Named> {
  readonly #groups: Counted<O, P>[] = [];

  constructor(readonly control: GradientControl) {}

  /** Adds groups, after the control made room for them; every table is written anew. */
  add(records: readonly GroupRecord<O, P>[]): void {
    for (const record of records) {
      const index = this.#groups.length;
      const source = { rule: record.rule, options: record.group };
      const table = new ScalarTable<O>(source, (row, floats) => {
        this.control.writeRow(index, row, floats);
      });
      this.#groups.push({ record, table, recorded: 0, known: { run: 0, taken: 0 } });
    }
    for (const { table } of this.#groups) table.reset();
  }

  /** Uploads what the next step needs. @param contexts of the groups that it steps */
  push(gradScale: number, contexts: ReadonlyMap<GroupRecord<O, P>, StepContext>): void {
    const groups = this.#groups.map(({ record, table, known }) => {
      const context = contexts.get(record);
      if (!context) return { active: false, lr: 0, shift: 0 };
      table.cover(known.taken, record.step, record.memory);
      return { active: true, lr: context.lr, shift: table.shift };
    });
    this.control.push(gradScale, groups);
  }

  /** Counts a recorded step of a group. */
  advance(record: GroupRecord<O, P>, context: StepContext): void {
    record.advance(context);
    this.#groups[record.index]!.recorded++;
  }

  /** Takes over what the GPU knows, unless more is known already. */
  learn({ groups }: Decided): void {
    groups.forEach(({ run, taken }, index) => {
      const counted = this.#groups[index]!;
      if (run < counted.known.run) return;
      counted.known = { run, taken };
      const { record, table, recorded } = counted;
      const step = taken + (recorded - run);
      if (step === record.step) return;
      record.memory = table.memoryAfter(step) ?? record.memory;
      record.step = step;
    });
  }

  /** What is told of the steps. @param sums of each tensor, for each group that is monitored */
  stats({ norm, factor, total, groups }: Decided, sums: readonly (readonly StepSums[])[]): StepStats {
    // Nothing is known before the first step, nor after a state was loaded.
    const unknown = total.run === 0;
    const none = unknown || !this.control.measures || norm < 0;
    return {
      step: total.run,
      skippedSteps: total.run - total.taken,
      gradNorm: none ? NaN : norm >= MAX_FLOAT32 ? Infinity : norm,
      clipFactor: unknown ? 1 : factor,
      ...(this.control.options.monitor && {
        groups: sums.map((ofTensors, index) => {
          const { run, taken } = groups[index]!;
          const known = run > 0 ? ofTensors : ofTensors.map(unknownSums);
          return groupStats(taken, this.#groups[index]!.record.names, known);
        }),
      }),
    };
  }

  /** Step count and memory of a group as the GPU had them. */
  taken(decided: Decided, record: GroupRecord<O, P>) {
    const step = decided.groups[record.index]!.taken;
    const memory = this.#groups[record.index]!.table.memoryAfter(step) ?? record.memory;
    return { step, memory };
  }

  /** Begins anew from the counts of the records, as after loading a state. */
  restart(): void {
    this.control.writeCounts(this.#groups.map(({ record }) => record.step));
    for (const counted of this.#groups) {
      counted.known = { run: 0, taken: counted.record.step };
      counted.recorded = 0;
      counted.table.reset();
    }
  }
}

/** For an optimizer that clips, skips or is monitored. */
export function controlledSteps<O extends RuleOptions, P extends Named>(
  device: GPUDevice,
  label: string,
  options: ControlOptions,
): ControlledSteps<O, P> {
  return new ControlledSteps<O, P>(new GradientControl(device, label, options));
}
