// Clipping, skipping and watching on the GPU: the record of each step, the partial sums, the counts of steps taken, and what was
// decided. One for all groups of an optimizer, because a norm and a skip are of all of them.
import {
  controlledHandling,
  decideProgram,
  measureProgram,
  summarizeProgram,
  type Watch,
} from "./control-programs.js";
import { GroupMonitor, type TensorRows } from "./group-monitor.js";
import { BINDINGS, loadKernel, type Kernel, type StepHandling } from "./pipelines.js";
import { RING_STEPS } from "./scalar-ring.js";
import type { ScalarSource } from "./unit.js";
import { COPY_DST, COPY_SRC, MAP_READ, STORAGE, UNIFORM } from "./usage.js";

/** What an optimizer asks for. */
export type ControlOptions = {
  /** Largest global norm of the gradients, or Infinity. */
  clipGradNorm: number;
  /** Largest magnitude of a gradient, or Infinity. */
  clipGradValue: number;
  skipNonFinite: boolean;
  monitor: boolean;
};

/** What a group brings: rows of its partial sums, at least one, and its scalars. */
export type ControlledGroup = { rowCount: number; scalarCount: number };

/** Rows of a group's table of scalars. */
export const TABLE_ROWS = 4096;
/** Floats between the scalars of two groups: a uniform offset. */
const GROUP_STRIDE = 64;
/** Words of the record of a step before its groups, and of each group. */
const RECORD_WORDS = 8;
const GROUP_WORDS = 8;
/** Bytes of a partial sum. */
const PARTIAL_BYTES = 16;
/** Bytes of what a step kernel reads of the decision. */
const CONTROL_BYTES = 32;
const MAX_FLOAT32 = 3.4028234663852886e38;

/** One recorded step, of one group. */
export type GroupRecordOfStep = { active: boolean; lr: number; shift: number };

/** What the GPU knows, as it was after the work submitted so far. */
export type Decided = {
  norm: number;
  factor: number;
  /** Steps run, and those of them taken: of the optimizer, and of each group. */
  total: { run: number; taken: number };
  groups: { run: number; taken: number }[];
};

export class GradientControl {
  /** Whether gradients are measured at all. */
  readonly measures: boolean;
  #groups: ControlledGroup[] = [];
  #firstTable: number[] = [];
  #firstPartial: number[] = [];
  #measure!: Kernel;
  #decide!: Kernel;
  #summarize: Kernel | undefined;
  #records!: GPUBuffer;
  #partials!: GPUBuffer;
  #tables!: GPUBuffer;
  #counts!: GPUBuffer;
  #resolved!: GPUBuffer;
  #decideGroup!: GPUBindGroup;
  #staging!: ArrayBuffer;
  #next = 0;
  #tag = 0;
  readonly #offsets = new Uint32Array(1);
  readonly #retired: GPUBuffer[] = [];

  constructor(
    readonly device: GPUDevice,
    readonly label: string,
    readonly options: ControlOptions,
  ) {
    this.measures = options.clipGradNorm < Infinity || options.skipNonFinite || options.monitor;
  }

  get #clamps(): boolean {
    return this.options.clipGradValue < Infinity;
  }

  /** Compiles the kernels. @throws {DeviceError} */
  async load(): Promise<void> {
    const load = (program: Parameters<typeof loadKernel>[1]) => loadKernel(this.device, program, this.label);
    const summarizing = this.options.monitor ? load(summarizeProgram()) : undefined;
    [this.#measure, this.#decide] = await Promise.all([
      load(measureProgram(this.#clamps)),
      load(decideProgram()),
    ]);
    this.#summarize = await summarizing;
  }

  /** The part of the step kernels of a group. @param hasSteps whether its rule has effective steps */
  handling(hasSteps: boolean): StepHandling {
    const watch: Watch = hasSteps ? "steps" : "updates";
    return controlledHandling(this.options.monitor ? watch : "nothing", this.#clamps);
  }

  /** A monitor for a group, after {@link load}; none for an optimizer that is not monitored. */
  createMonitor(label: string, rows: readonly TensorRows[], hasSteps: boolean): GroupMonitor | undefined {
    return this.#summarize && new GroupMonitor(this.device, label, this.#summarize, rows, hasSteps);
  }

  /**
   * Makes room for more groups; counts so far are kept. No recorded step may be waiting for its submission.
   * @returns what takes it back
   */
  grow(added: readonly ControlledGroup[]): () => void {
    const before = this.#groups.length;
    const undo = this.#snapshot();
    this.#groups = [...this.#groups, ...added];
    const { device, label } = this;
    const alignedRows = device.limits.minStorageBufferOffsetAlignment / PARTIAL_BYTES;
    let [table, partial] = [0, 0];
    [this.#firstTable, this.#firstPartial] = [[], []];
    for (const { scalarCount, rowCount } of this.#groups) {
      this.#firstTable.push(table);
      this.#firstPartial.push(partial);
      table += scalarCount * TABLE_ROWS;
      partial += Math.ceil(rowCount / alignedRows) * alignedRows;
    }
    const create = (name: string, size: number, usage: number) =>
      device.createBuffer({ label: `${label}/${name}`, size: Math.max(size, 256), usage });
    const old = before > 0 ? { ...this.#buffers() } : undefined;
    if (old) this.#retired.push(...(Object.values(old) as GPUBuffer[]));
    this.#records = create("records", this.#recordStride() * RING_STEPS, STORAGE | COPY_DST);
    const copied = COPY_SRC | COPY_DST;
    this.#partials = create("partials", partial * PARTIAL_BYTES, STORAGE | copied);
    this.#tables = create("tables", table * 8, STORAGE | COPY_DST);
    this.#counts = create("counts", (this.#groups.length + 1) * 8, STORAGE | copied);
    const resolvedBytes = (this.#groups.length + 1) * GROUP_STRIDE * 4;
    this.#resolved = create("resolved", resolvedBytes, STORAGE | UNIFORM | copied);
    this.#staging = new ArrayBuffer(this.#recordBytes());
    this.#next = 0;
    if (old) {
      const encoder = device.createCommandEncoder({ label });
      encoder.copyBufferToBuffer(old.counts!, 0, this.#counts, 0, (before + 1) * 8);
      encoder.copyBufferToBuffer(old.resolved!, 0, this.#resolved, 0, CONTROL_BYTES);
      encoder.copyBufferToBuffer(old.partials!, 0, this.#partials, 0, old.partials!.size);
      device.queue.submit([encoder.finish()]);
    }
    this.#decideGroup = device.createBindGroup({
      label,
      layout: this.#decide.layout,
      entries: [
        { binding: 0, resource: { buffer: this.#records, offset: 0, size: this.#recordBytes() } },
        { binding: 1, resource: { buffer: this.#partials } },
        { binding: 2, resource: { buffer: this.#tables } },
        { binding: 3, resource: { buffer: this.#counts } },
        { binding: 4, resource: { buffer: this.#resolved } },
      ],
    });
    return undo;
  }

  #snapshot(): () => void {
    const [groups, tables, partials] = [this.#groups, this.#firstTable, this.#firstPartial];
    const buffers = [this.#records, this.#partials, this.#tables, this.#counts, this.#resolved] as const;
    const [decideGroup, staging, next] = [this.#decideGroup, this.#staging, this.#next];
    return () => {
      for (const buffer of Object.values(this.#buffers())) buffer?.destroy();
      for (const buffer of buffers) {
        const at = this.#retired.indexOf(buffer);
        if (at >= 0) this.#retired.splice(at, 1);
      }
      [this.#groups, this.#firstTable, this.#firstPartial] = [groups, tables, partials];
      [this.#records, this.#partials, this.#tables, this.#counts, this.#resolved] = buffers;
      [this.#decideGroup, this.#staging, this.#next] = [decideGroup, staging, next];
    };
  }

  /** Undefined before the first group was added. */
  #buffers(): Record<"records" | "partials" | "tables" | "counts" | "resolved", GPUBuffer | undefined> {
    return {
      records: this.#records,
      partials: this.#partials,
      tables: this.#tables,
      counts: this.#counts,
      resolved: this.#resolved,
    };
  }

  #recordBytes(): number {
    return (RECORD_WORDS + GROUP_WORDS * this.#groups.length) * 4;
  }

  #recordStride(): number {
    const alignment = this.device.limits.minStorageBufferOffsetAlignment;
    return Math.ceil(this.#recordBytes() / alignment) * alignment;
  }

  /** What the dispatches of a group bind, beside their buffers. */
  sourceFor(group: number, monitor: GroupMonitor | undefined): ScalarSource {
    monitor?.bind(this.#partialsOf(group));
    const decision = { buffer: this.#resolved, offset: 0, size: CONTROL_BYTES };
    return {
      buffer: this.#resolved,
      slotBytes: Math.ceil(this.#groups[group]!.scalarCount / 4) * 16,
      entries: [{ binding: BINDINGS.control, resource: decision }, ...(monitor?.entries ?? [])],
      ...(this.measures && {
        measure: (segments, grads) => this.#measureGroup(this.#partialsOf(group), segments, grads),
      }),
    };
  }

  /** Dynamic offset of a group's scalars. */
  scalarOffset(group: number): number {
    return (group + 1) * GROUP_STRIDE * 4;
  }

  /** The partial sums of a group. */
  #partialsOf(group: number): GPUBufferBinding {
    const offset = this.#firstPartial[group]! * PARTIAL_BYTES;
    return { buffer: this.#partials, offset, size: this.#groups[group]!.rowCount * PARTIAL_BYTES };
  }

  /** Writes a row of a group's table of scalars. */
  writeRow(group: number, row: number, floats: Float32Array<ArrayBuffer>): void {
    const entry = this.#firstTable[group]! + row * this.#groups[group]!.scalarCount;
    this.device.queue.writeBuffer(this.#tables, entry * 8, floats);
  }

  #measureGroup(
    partials: GPUBufferBinding,
    segments: GPUBufferBinding,
    grads: GPUBufferBinding,
  ): GPUBindGroup {
    return this.device.createBindGroup({
      label: this.label,
      layout: this.#measure.layout,
      entries: [
        { binding: 0, resource: { buffer: this.#records, offset: 0, size: this.#recordBytes() } },
        { binding: 1, resource: segments },
        { binding: 2, resource: grads },
        { binding: 3, resource: partials },
      ],
    });
  }

  /** Uploads the record of a step, before its kernels are encoded. */
  push(gradScale: number, groups: readonly GroupRecordOfStep[]): void {
    const { clipGradNorm, clipGradValue, skipNonFinite } = this.options;
    const clips = clipGradNorm < Infinity;
    const [floats, words] = [new Float32Array(this.#staging), new Uint32Array(this.#staging)];
    this.#tag = (this.#tag + 1) >>> 0 || 1;
    floats[0] = gradScale;
    floats[1] = Math.min(clipGradValue, MAX_FLOAT32);
    floats[2] = Math.min(MAX_FLOAT32 / Math.abs(gradScale), MAX_FLOAT32);
    floats[3] = Math.min(clipGradNorm, MAX_FLOAT32);
    words[4] = clips ? 1 : 0;
    words[5] = clips || skipNonFinite ? 1 : 0;
    words[6] = groups.length;
    words[7] = this.#tag;
    groups.forEach(({ active, lr, shift }, group) => {
      const at = RECORD_WORDS + GROUP_WORDS * group;
      const { scalarCount, rowCount } = this.#groups[group]!;
      floats[at] = lr;
      words[at + 1] = active ? 1 : 0;
      words[at + 2] = this.#firstTable[group]!;
      words[at + 3] = TABLE_ROWS;
      words[at + 4] = shift;
      words[at + 5] = scalarCount;
      words[at + 6] = this.#firstPartial[group]!;
      words[at + 7] = this.measures ? rowCount : 0;
    });
    this.#offsets[0] = this.#next * this.#recordStride();
    this.#next = (this.#next + 1) % RING_STEPS;
    this.device.queue.writeBuffer(this.#records, this.#offsets[0], this.#staging);
  }

  /** Measures one dispatch's gradients. */
  encodeMeasure(
    pass: GPUComputePassEncoder,
    bindGroups: readonly { measure: GPUBindGroup; x: number; y: number }[],
  ): void {
    pass.setPipeline(this.#measure.pipeline);
    for (const { measure, x, y } of bindGroups) {
      pass.setBindGroup(0, measure, this.#offsets, 0, 1);
      pass.dispatchWorkgroups(x, y);
    }
  }

  /** Decides the step, after all that was measured. */
  encodeDecide(pass: GPUComputePassEncoder): void {
    pass.setPipeline(this.#decide.pipeline);
    pass.setBindGroup(0, this.#decideGroup, this.#offsets, 0, 1);
    pass.dispatchWorkgroups(1);
  }

  /** Sets the counts of steps taken of every group, those of the optimizer with them. */
  writeCounts(taken: readonly number[]): void {
    const words = new Uint32Array(2 * (taken.length + 1));
    taken.forEach((count, group) => (words[2 * (group + 1) + 1] = count));
    this.device.queue.writeBuffer(this.#counts, 0, words);
  }

  /** Copies what is known for {@link parse}. */
  stage(encoder: GPUCommandEncoder): GPUBuffer {
    const countBytes = (this.#groups.length + 1) * 8;
    const buffer = this.device.createBuffer({
      label: `${this.label}/decided`,
      size: CONTROL_BYTES + countBytes,
      usage: MAP_READ | COPY_DST,
    });
    encoder.copyBufferToBuffer(this.#resolved, 0, buffer, 0, CONTROL_BYTES);
    encoder.copyBufferToBuffer(this.#counts, 0, buffer, CONTROL_BYTES, countBytes);
    return buffer;
  }

  /** What {@link stage} copied, once it is mapped; of the groups there were then. */
  parse(bytes: ArrayBuffer): Decided {
    const [floats, words] = [new Float32Array(bytes, 0, 8), new Uint32Array(bytes, CONTROL_BYTES)];
    const [total, ...groups] = Array.from({ length: words.length / 2 }, (_, index) => {
      return { run: words[2 * index]!, taken: words[2 * index + 1]! };
    });
    return { norm: floats[4]!, factor: floats[2]! * floats[5]!, total: total!, groups };
  }

  /** Frees what was allocated; nothing, when no group was added yet. */
  destroy(): void {
    for (const buffer of [...Object.values(this.#buffers()), ...this.#retired]) buffer?.destroy();
  }
}
