// The tensors of one group that share a parameter buffer: where their state lies, and the dispatches that step them.
import { ParameterError } from "../errors.js";
import { paddedEnd } from "./arenas.js";
import {
  planDispatches,
  placeStates,
  workgroupGrid,
  SEGMENT_WORDS,
  type Dispatch,
  type GradientRange,
  type LaunchLimits,
  type StatePlacement,
  type TensorRange,
} from "./launch-plan.js";
import { BINDINGS, type Kernel, type Variant } from "./pipelines.js";
import { CONTROL_BYTES, PARTIAL_BYTES, type GradientControl } from "./gradient-control.js";
import { RING_STEPS } from "./scalar-ring.js";
import { filledStructs } from "./state-layout.js";
import type { Tensor } from "./tensor.js";
import { COPY_DST, COPY_SRC, STORAGE } from "./usage.js";

/** What the units of a group share. */
export type UnitContext = {
  device: GPUDevice;
  /** Prefix of labels. */
  label: string;
  slotCount: number;
  /** What each slot starts from. */
  initial: readonly number[];
  limits: LaunchLimits;
  kernel: (variant: Variant) => Kernel;
};

/** A dispatch that is ready to be encoded. */
export type BoundDispatch = {
  kernel: Kernel;
  bindGroup: GPUBindGroup;
  x: number;
  y: number;
  /** What measures its gradients, for an optimizer that clips or skips. */
  measure?: GPUBindGroup;
};

/** Where a step kernel finds the scalars of its group, and what was decided of the step. */
export type ScalarSource = {
  buffer: GPUBuffer;
  slotBytes: number;
  control?: { control: GradientControl; group: number };
};

/** The dispatches for one arrangement of the gradients, and their bind groups by gradient buffers. */
type Arrangement = {
  dispatches: Dispatch[];
  segments: GPUBuffer;
  /** First byte of each dispatch's rows in `segments`. */
  starts: number[];
  bound: WeakMap<GPUBuffer, Map<string, BoundDispatch[]>>;
};

/** Arrangements remembered per unit; a framework that rotates buffers uses one, or a few. */
const MAX_ARRANGEMENTS = 16;

const bufferIds = new WeakMap<GPUBuffer, number>();
let lastBufferId = 0;

function idOf(buffer: GPUBuffer): number {
  let id = bufferIds.get(buffer);
  if (id === undefined) bufferIds.set(buffer, (id = ++lastBufferId));
  return id;
}

export class Unit {
  readonly placement: StatePlacement;
  /** State buffers, by the index that the placement uses. */
  states: GPUBuffer[] = [];
  /** What a step encodes. */
  dispatches: BoundDispatch[] = [];
  /** First row of its partial sums among the group's. */
  firstPartial = 0;
  readonly #ranges: TensorRange[];
  readonly #arrangements = new Map<string, Arrangement>();
  /** Segments of forgotten arrangements, and the count of arrangements made when each was forgotten. */
  readonly #retired: { segments: GPUBuffer; at: number }[] = [];
  #made = 0;

  /** @param tensors of one parameter buffer, none empty, sorted by offset */
  constructor(
    readonly context: UnitContext,
    readonly tensors: readonly Tensor[],
  ) {
    const { limits, slotCount, device } = context;
    this.#ranges = tensors.map(({ param, length }) => {
      return { offset: param.offset, length, paddedEnd: paddedEnd(param.buffer, param.offset + param.size) };
    });
    const maxStateBytes = Math.min(limits.maxBindingBytes, device.limits.maxBufferSize);
    this.placement = placeStates(this.#ranges, slotCount, maxStateBytes);
  }

  /** Which kernels the gradients need as they lie now. */
  variants(): Set<Variant> {
    return new Set(
      this.tensors.map(({ param, grad }) => (param.buffer === grad.buffer ? "shared" : "separate")),
    );
  }

  /**
   * The dispatches for the gradients as they lie now; makes no GPU object.
   * @throws {ParameterError} when a parameter and its gradient in one buffer lie too far apart to be bound at once
   */
  plan(): Dispatch[] {
    const { limits } = this.context;
    const { gradients } = this.#gradients();
    const plan = planDispatches(this.#ranges, gradients, this.placement, limits);
    if (Array.isArray(plan)) return plan;
    const { name } = this.tensors[plan.tooFarApart]!;
    throw new ParameterError(
      `param and grad of "${name}" are in one buffer and too far apart to be bound at once: the span exceeds ` +
        `maxStorageBufferBindingSize (${limits.maxBindingBytes} bytes); put them in two buffers, move them closer, or ` +
        "request a device with a larger limit (deviceRequirements)",
    );
  }

  /** Creates the state buffers, filled with what the slots start from, and binds everything. */
  allocate(scalars: ScalarSource): void {
    const { device, label, initial } = this.context;
    const usage = STORAGE | COPY_SRC | COPY_DST;
    this.states = this.placement.bufferBytes.map((size) =>
      device.createBuffer({ label: `${label}/state`, size, usage }),
    );
    // WebGPU fills with zero itself.
    if (initial.some((value) => value !== 0)) {
      for (const buffer of this.states) {
        device.queue.writeBuffer(buffer, 0, filledStructs(buffer.size / 4, initial));
      }
    }
    this.bind(scalars);
  }

  /** Makes {@link dispatches} follow the gradients; what was made for the same buffers before is used again. */
  bind(scalars: ScalarSource): void {
    const { gradients, buffers } = this.#gradients();
    const key = gradients
      .map(({ buffer, offset, shared }) => `${buffer}${shared ? "s" : ":"}${offset}`)
      .join();
    let arrangement = this.#arrangements.get(key);
    if (!arrangement) {
      arrangement = this.#arrange(this.plan());
      this.#retireOldest();
      this.#arrangements.set(key, arrangement);
    }
    const byFirst = arrangement.bound.get(buffers[0]!) ?? new Map<string, BoundDispatch[]>();
    arrangement.bound.set(buffers[0]!, byFirst);
    const ids = buffers.map(idOf).join();
    this.dispatches = byFirst.get(ids) ?? this.#bindGroups(arrangement, buffers, scalars);
    byFirst.set(ids, this.dispatches);
  }

  /** Makes room for an arrangement. Recorded steps may need the old one until 4096 later ones were recorded. */
  #retireOldest(): void {
    this.#made++;
    while (this.#retired[0] && this.#made - this.#retired[0].at > RING_STEPS)
      this.#retired.shift()!.segments.destroy();
    if (this.#arrangements.size < MAX_ARRANGEMENTS) return;
    const [key, { segments }] = this.#arrangements.entries().next().value!;
    this.#arrangements.delete(key);
    this.#retired.push({ segments, at: this.#made });
  }

  /**
   * Rows of partial sums that any arrangement of the gradients needs at most. They lie as the segments do, whose rows
   * are as large: each dispatch begins at a multiple of the binding alignment.
   */
  get partialCapacity(): number {
    const { chunkLength, alignment } = this.context.limits;
    const { pieces } = this.placement;
    const rows = pieces.reduce((sum, { length }) => sum + Math.ceil(length / chunkLength), 0);
    const aligned = alignment / PARTIAL_BYTES;
    return (Math.ceil(rows / aligned) + pieces.length) * aligned;
  }

  /** Binds everything anew, for scalars that lie elsewhere. */
  rebind(scalars: ScalarSource): void {
    for (const arrangement of this.#arrangements.values()) arrangement.bound = new WeakMap();
    this.bind(scalars);
  }

  destroy(): void {
    for (const buffer of this.states) buffer.destroy();
    for (const { segments } of this.#retired) segments.destroy();
    for (const { segments } of this.#arrangements.values()) segments.destroy();
  }

  /** The distinct gradient buffers, and where among them the gradient of each tensor is. */
  #gradients(): { gradients: GradientRange[]; buffers: GPUBuffer[] } {
    const indices = new Map<GPUBuffer, number>();
    const gradients = this.tensors.map(({ param, grad }) => {
      let buffer = indices.get(grad.buffer);
      if (buffer === undefined) indices.set(grad.buffer, (buffer = indices.size));
      const shared = grad.buffer === param.buffer;
      return {
        buffer,
        offset: grad.offset,
        paddedEnd: paddedEnd(grad.buffer, grad.offset + grad.size),
        shared,
      };
    });
    return { gradients, buffers: [...indices.keys()] };
  }

  #arrange(dispatches: Dispatch[]): Arrangement {
    const { device, label, limits } = this.context;
    let size = 0;
    const starts = dispatches.map(({ segments }) => {
      const start = size;
      size += Math.ceil(segments.byteLength / limits.alignment) * limits.alignment;
      return start;
    });
    const segments = device.createBuffer({ label: `${label}/segments`, size, usage: STORAGE | COPY_DST });
    dispatches.forEach((dispatch, index) => {
      device.queue.writeBuffer(segments, starts[index]!, dispatch.segments);
    });
    return { dispatches, segments, starts, bound: new WeakMap() };
  }

  #bindGroups(arrangement: Arrangement, gradBuffers: GPUBuffer[], source: ScalarSource): BoundDispatch[] {
    const { device, label } = this.context;
    const paramBuffer = this.tensors[0]!.param.buffer;
    return arrangement.dispatches.map(({ shared, gradBuffer, stateBuffer, param, grad, segments }, index) => {
      const kernel = this.context.kernel(shared ? "shared" : "separate");
      const part = (buffer: GPUBuffer, offset: number, size: number) => ({ buffer, offset, size });
      const entries: GPUBindGroupEntry[] = [
        { binding: BINDINGS.scalars, resource: part(source.buffer, 0, source.slotBytes) },
        {
          binding: BINDINGS.segments,
          resource: part(arrangement.segments, arrangement.starts[index]!, segments.byteLength),
        },
        { binding: BINDINGS.params, resource: part(paramBuffer, param.start, param.end - param.start) },
      ];
      const states = this.states[stateBuffer];
      if (states) entries.push({ binding: BINDINGS.states, resource: { buffer: states } });
      if (!shared) {
        const resource = part(gradBuffers[gradBuffer]!, grad.start, grad.end - grad.start);
        entries.push({ binding: BINDINGS.grads, resource });
      }
      if (source.control) {
        const resource = part(source.control.control.resolved, 0, CONTROL_BYTES);
        entries.push({ binding: BINDINGS.control, resource });
      }
      const bindGroup = device.createBindGroup({ label, layout: kernel.layout, entries });
      const rows = segments.length / SEGMENT_WORDS;
      const [x, y] = workgroupGrid(rows, device.limits.maxComputeWorkgroupsPerDimension);
      if (!source.control?.control.measures) return { kernel, bindGroup, x, y };
      const { control, group } = source.control;
      const start = arrangement.starts[index]!;
      const measured = shared ? paramBuffer : gradBuffers[gradBuffer]!;
      const measure = control.measureGroup(
        group,
        part(arrangement.segments, start, segments.byteLength),
        part(measured, grad.start, grad.end - grad.start),
        this.firstPartial + start / PARTIAL_BYTES,
      );
      return { kernel, bindGroup, x, y, measure };
    });
  }
}
