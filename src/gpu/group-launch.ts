// The GPU side of one param group: its units, its scalars, and the encoding of a step. Knows a rule only by its WGSL
// text, its state slots and the number of its scalars.
import { refuseOverlap, type RangeIndex } from "../range-index.js";
import { assignmentsOf, type Assignments } from "./arenas.js";
import type { GradientControl } from "./gradient-control.js";
import type { GroupMonitor, TensorRows } from "./group-monitor.js";
import type { Pairs } from "./pairs.js";
import {
  kernelNow,
  loadKernel,
  stepProgram,
  type Kernel,
  type KernelSource,
  type Variant,
} from "./pipelines.js";
import { ScalarRing } from "./scalar-ring.js";
import type { Tensor } from "./tensor.js";
import { INDIRECT } from "./usage.js";
import { Unit, type BoundDispatch, type ScalarSource, type UnitContext } from "./unit.js";

/** What a group's launch needs to know of its rule. */
export type LaunchSetup = {
  label: string;
  wgsl: string;
  slots: readonly string[];
  /** What a slot starts from; 0 where none is named. */
  initial: Readonly<Record<string, number>>;
  scalarCount: number;
  /** What clips and skips, and the group's place in it. */
  control?: { control: GradientControl; group: number } | undefined;
  /** Whether the rule has effective steps to watch. */
  hasSteps?: boolean;
};

/** Tensors longer than this are not stepped two by two: next to their time, that of a dispatch is nothing. */
const MAX_PAIRED = 65_536;

/** A gradient that the caller assigned anew. */
type Move = { tensor: Tensor; grad: Tensor["grad"] };

export class GroupLaunch {
  readonly units: readonly Unit[];
  /** Unit of each tensor that has elements. */
  readonly #unitOf = new Map<Tensor, Unit>();
  /** Tensors of the caller's own parameters, looked at in every step. */
  readonly #watched: Tensor[] = [];
  readonly #watchedSet = new Set<Tensor>();
  /** Tensors of an arena, looked at when one of its parameters was assigned. */
  readonly #counted: { assignments: Assignments; seen: number; tensors: Tensor[] }[] = [];
  readonly #kernels = new Map<Variant, Kernel>();
  readonly #offsets = new Uint32Array(1);
  #ring: ScalarRing | undefined;
  #monitor: GroupMonitor | undefined;
  #scalars!: ScalarSource;
  #staging: Float32Array | undefined;
  #dispatches: BoundDispatch[] = [];
  /** Steps small units two by two, for a group that has some. */
  #pairs: Pairs | undefined;

  /** Plans without making any GPU object. @throws {ParameterError} when a dispatch cannot be bound */
  constructor(
    readonly device: GPUDevice,
    readonly setup: LaunchSetup,
    readonly tensors: readonly Tensor[],
  ) {
    const context: UnitContext = {
      device,
      label: setup.label,
      slotCount: setup.slots.length,
      initial: setup.slots.map((slot) => setup.initial[slot] ?? 0),
      merges: !setup.control?.control.options.monitor,
      kernel: (variant) => this.#kernel(variant),
    };
    this.#sortByWatch(tensors);
    const byBuffer = new Map<GPUBuffer, Tensor[]>();
    for (const tensor of tensors) {
      if (tensor.length === 0) continue;
      const same = byBuffer.get(tensor.param.buffer);
      if (same) same.push(tensor);
      else byBuffer.set(tensor.param.buffer, [tensor]);
    }
    let rowCount = 0;
    this.units = [...byBuffer.values()].map((group) => {
      const sorted = group.sort((a, b) => a.param.offset - b.param.offset);
      const unit = new Unit(context, sorted, rowCount);
      rowCount = unit.rows.at(-1)!;
      for (const tensor of group) this.#unitOf.set(tensor, unit);
      unit.plan();
      return unit;
    });
  }

  /** Compiles the kernels that the gradients need as they lie now. @throws {DeviceError} */
  async loadKernels(): Promise<void> {
    const variants = new Set(this.units.flatMap((unit) => [...unit.variants()]));
    const load = async (variant: Variant) => {
      const program = stepProgram(this.#source(variant));
      this.#kernels.set(variant, await loadKernel(this.device, program, this.setup.label));
    };
    await Promise.all([...[...variants].map(load), this.#loadPairs()]);
  }

  async #loadPairs(): Promise<void> {
    // What handles gradients steps and measures tensor by tensor.
    if (this.setup.control || this.units.filter(isSmall).length < 2) return;
    const { Pairs } = await import("./pairs.js");
    this.#pairs = await Pairs.load(this.device, this.#source("separate"), this.setup.label);
  }

  /** Creates buffers and bind groups. Synchronous, so that error scopes can stand around it. */
  allocate(): void {
    const { label, scalarCount, control, hasSteps = false } = this.setup;
    if (control) this.#monitor = control.control.createMonitor(label, this.#tensorRows(), hasSteps);
    else this.#ring = new ScalarRing(this.device, scalarCount, `${label}/scalars`);
    this.#scalars = control?.control.sourceFor(control.group, this.#monitor) ?? this.#ring!;
    for (const unit of this.units) unit.allocate(this.#scalars);
    this.#flatten();
  }

  /** Rows of the group, one for each workgroup of a step at most. */
  get rowCount(): number {
    return this.units.at(-1)?.rows.at(-1) ?? 0;
  }

  /** Rows of each tensor, in order. A piece follows the one before of its tensor. */
  #tensorRows(): TensorRows[] {
    const rows = new Map<Tensor, TensorRows>();
    for (const unit of this.units) {
      unit.placement.pieces.forEach(({ tensor: index }, piece) => {
        const tensor = unit.tensors[index]!;
        const { first } = rows.get(tensor) ?? { first: unit.rows[piece]! };
        rows.set(tensor, { first, count: unit.rows[piece + 1]! - first, length: tensor.length });
      });
    }
    return this.tensors.map((tensor) => rows.get(tensor) ?? { first: 0, count: 0, length: 0 });
  }

  /** What its monitor keeps, for an optimizer that has one. */
  get monitor(): GroupMonitor | undefined {
    return this.#monitor;
  }

  /** Binds everything anew, for scalars that lie elsewhere. */
  rebind(): void {
    const { control } = this.setup;
    if (control) this.#scalars = control.control.sourceFor(control.group, this.#monitor);
    for (const unit of this.units) unit.rebind(this.#scalars);
    this.#flatten();
  }

  /** Encodes every dispatch with no workgroup: the device then checks the buffers, and nothing changes. */
  probe(units: readonly Unit[] = this.units): void {
    const label = `${this.setup.label}/probe`;
    // A count of 0 read from a buffer: browsers warn of one that is passed.
    const noWorkgroups = this.device.createBuffer({ label, size: 12, usage: INDIRECT });
    const encoder = this.device.createCommandEncoder({ label });
    const pass = encoder.beginComputePass();
    for (const { dispatches } of units) {
      for (const { kernel, bindGroup } of dispatches) {
        pass.setPipeline(kernel.pipeline);
        pass.setBindGroup(0, bindGroup, this.#offsets, 0, 1);
        pass.dispatchWorkgroupsIndirect(noWorkgroups, 0);
      }
    }
    pass.end();
    this.device.queue.submit([encoder.finish()]);
    noWorkgroups.destroy();
  }

  /**
   * Follows gradients that the caller assigned since the last step.
   * @throws {ParameterError} when one of them, or a param that was assigned, is not legal
   */
  follow(params: RangeIndex<GPUBuffer>): void {
    const moves: Move[] = [];
    for (const tensor of this.#watched) noteMove(tensor, params, moves);
    const changed = this.#counted.filter(({ assignments, seen }) => assignments.count !== seen);
    for (const { tensors } of changed) for (const tensor of tensors) noteMove(tensor, params, moves);
    if (moves.length > 0) this.#move(moves);
    for (const group of changed) group.seen = group.assignments.count;
    // What was assigned to an arena's parameter is an object of the caller's, which may change without an assignment.
    for (const { tensor } of moves) {
      if (!this.#watchedSet.has(tensor)) this.#watch(tensor);
    }
  }

  /** Binds gradients that moved; all of them, or none when one cannot be bound. */
  #move(moves: readonly Move[]): void {
    const units = new Set(moves.flatMap(({ tensor }) => this.#unitOf.get(tensor) ?? []));
    const before = moves.map(({ tensor }) => tensor.grad);
    for (const { tensor, grad } of moves) tensor.grad = grad;
    try {
      for (const unit of units) unit.arrange();
    } catch (error) {
      moves.forEach(({ tensor }, index) => (tensor.grad = before[index]!));
      throw error;
    }
    for (const unit of units) unit.bind(this.#scalars);
    this.#flatten();
  }

  /** The floats to fill with the scalars of the step that is encoded next. */
  get staging(): Float32Array {
    return (this.#staging ??= this.#ring?.staging ?? new Float32Array(this.setup.scalarCount));
  }

  /** Encodes what measures the gradients of a step. */
  encodeMeasure(pass: GPUComputePassEncoder): void {
    const { control } = this.setup;
    if (!control?.control.measures) return;
    control.control.encodeMeasure(pass, this.#dispatches as (BoundDispatch & { measure: GPUBindGroup })[]);
  }

  /** Encodes one step into an open pass; leaves pipeline and bind group 0 set. */
  encode(pass: GPUComputePassEncoder): void {
    const { control } = this.setup;
    this.#offsets[0] = control ? control.control.scalarOffset(control.group) : this.#ring!.push();
    let current: Kernel | undefined;
    for (const { kernel, bindGroup, x, y } of this.#dispatches) {
      if (kernel !== current) pass.setPipeline(kernel.pipeline);
      current = kernel;
      pass.setBindGroup(0, bindGroup, this.#offsets, 0, 1);
      pass.dispatchWorkgroups(x, y);
    }
  }

  destroy(): void {
    this.#ring?.buffer.destroy();
    this.#monitor?.destroy();
    for (const unit of this.units) unit.destroy();
  }

  #watch(tensor: Tensor): void {
    this.#watched.push(tensor);
    this.#watchedSet.add(tensor);
  }

  #sortByWatch(tensors: readonly Tensor[]): void {
    for (const tensor of tensors) {
      const assignments = assignmentsOf(tensor.parameter);
      const group = this.#counted.find((entry) => entry.assignments === assignments);
      if (!assignments) this.#watch(tensor);
      else if (group) group.tensors.push(tensor);
      else this.#counted.push({ assignments, seen: assignments.count, tensors: [tensor] });
    }
  }

  #kernel(variant: Variant): Kernel {
    let kernel = this.#kernels.get(variant);
    if (!kernel) {
      kernel = kernelNow(this.device, stepProgram(this.#source(variant)), this.setup.label);
      this.#kernels.set(variant, kernel);
    }
    return kernel;
  }

  #source(variant: Variant): KernelSource {
    const { wgsl, slots, control, hasSteps = false } = this.setup;
    const handling = control?.control.handling(hasSteps);
    return { wgsl, stateless: slots.length === 0, variant, handling };
  }

  #flatten(): void {
    const single = this.#pairs ? this.units.filter((unit) => !isSmall(unit)) : this.units;
    this.#dispatches = single.flatMap(({ dispatches }) => dispatches);
    if (this.#pairs) this.#dispatches.push(...this.#pairs.merge(this.units.filter(isSmall)));
  }
}

const isSmall = ({ length }: Unit): boolean => length <= MAX_PAIRED;

/** Notes whether a tensor's gradient moved. @throws {ParameterError} when it cannot be stepped from there */
function noteMove(tensor: Tensor, params: RangeIndex<GPUBuffer>, moves: Move[]): void {
  tensor.checkParam();
  if (!tensor.gradMoved()) return;
  const grad = tensor.resolveGrad();
  refuseOverlap(params, tensor.name, grad);
  moves.push({ tensor, grad });
}
