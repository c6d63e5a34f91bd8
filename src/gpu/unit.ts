// The tensors of one group that share a parameter buffer: where their state lies, and the dispatches that step them.
import { ParameterError } from "../errors.js";
import { paddedEnd } from "./arenas.js";
import {
  planDispatches,
  placeStates,
  rowsOfPieces,
  workgroupGrid,
  SEGMENT_WORDS,
  type Dispatch,
  type GradientRange,
  type LaunchLimits,
  type StatePlacement,
  type TensorRange,
} from "./launch-plan.js";
import { launchLimits } from "./limits.js";
import { BINDINGS, type Kernel, type Variant } from "./pipelines.js";
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
  /** Whether neighbours may be stepped as one tensor. */
  merges: boolean;
  kernel: (variant: Variant) => Kernel;
};

/** A dispatch that is ready to be encoded. */
export type BoundDispatch = {
  kernel: Kernel;
  bindGroup: GPUBindGroup;
  x: number;
  y: number;
  /** What is bound, for a dispatch that steps another unit as well. */
  entries: readonly GPUBindGroupEntry[];
  /** What measures its gradients, for an optimizer that clips or skips. */
  measure?: GPUBindGroup;
};

/** What a group's dispatches bind beside their buffers. */
export type ScalarSource = {
  /** The scalars of the group, at a dynamic offset. */
  buffer: GPUBuffer;
  slotBytes: number;
  /** What else its step kernel binds, for an optimizer that clips, skips or watches. */
  entries?: readonly GPUBindGroupEntry[];
  /** Binds what measures the gradients of a dispatch. */
  measure?: (segments: GPUBufferBinding, grads: GPUBufferBinding) => GPUBindGroup;
};

/** A gradient buffer, and the byte of it that the ranges of an arrangement count from. */
type GradientSource = { buffer: GPUBuffer; base: number };

/**
 * The dispatches for one arrangement of the gradients, wherever in their buffers it begins, and for each dispatch what
 * was bound, by gradient buffer and beginning.
 */
type Arrangement = {
  dispatches: Dispatch[];
  segments: GPUBuffer;
  /** First byte of each dispatch's rows in `segments`. */
  starts: number[];
  bound: WeakMap<GPUBuffer, Map<number, BoundDispatch>>[];
};

/** Arrangements remembered per unit; a framework that rotates buffers uses one, or a few. */
const MAX_ARRANGEMENTS = 16;
/** Beginnings remembered per arrangement and buffer. */
const MAX_BEGINNINGS = 64;

export class Unit {
  /** Elements of all its tensors. */
  readonly length: number;
  readonly placement: StatePlacement;
  /** State buffers, by the index that the placement uses. */
  states: GPUBuffer[] = [];
  /** What a step encodes. */
  dispatches: BoundDispatch[] = [];
  /** Row of the first workgroup of each piece among the group's, and the row after the last. */
  readonly rows: readonly number[];
  readonly #ranges: TensorRange[];
  readonly #limits: LaunchLimits;
  readonly #arrangements = new Map<string, Arrangement>();
  /** Segments of forgotten arrangements, and the count of arrangements made when each was forgotten. */
  readonly #retired: { segments: GPUBuffer; at: number }[] = [];
  #made = 0;

  /**
   * @param tensors of one parameter buffer, none empty, sorted by offset
   * @param firstRow of its workgroups' rows among the group's
   */
  constructor(
    readonly context: UnitContext,
    readonly tensors: readonly Tensor[],
    firstRow: number,
  ) {
    const { merges, slotCount, device } = context;
    this.#ranges = tensors.map(({ param, length }) => {
      return { offset: param.offset, length, paddedEnd: paddedEnd(param.buffer, param.offset + param.size) };
    });
    this.length = tensors.reduce((sum, { length }) => sum + length, 0);
    this.#limits = launchLimits(device, this.length, merges);
    const maxStateBytes = Math.min(this.#limits.maxBindingBytes, device.limits.maxBufferSize);
    this.placement = placeStates(this.#ranges, slotCount, maxStateBytes);
    this.rows = rowsOfPieces(this.placement.pieces, this.#limits.chunkLength, firstRow);
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
  plan(gradients = this.#gradients().gradients): Dispatch[] {
    const plan = planDispatches(this.#ranges, gradients, this.placement, this.#limits, this.rows);
    if (Array.isArray(plan)) return plan;
    const { name } = this.tensors[plan.tooFarApart]!;
    throw new ParameterError(
      `param and grad of "${name}" are in one buffer and too far apart to be bound at once: the span exceeds ` +
        `maxStorageBufferBindingSize (${this.#limits.maxBindingBytes} bytes); put them in two buffers, move them closer, or ` +
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

  /**
   * Makes sure that the gradients can be stepped as they lie now; {@link bind} then only binds.
   * @throws {ParameterError} as {@link plan}
   */
  arrange(): { arrangement: Arrangement; sources: GradientSource[] } {
    const { gradients, sources } = this.#gradients();
    const key = gradients
      .map(({ buffer, offset, shared }) => `${buffer}${shared ? "s" : ":"}${offset}`)
      .join();
    let arrangement = this.#arrangements.get(key);
    if (arrangement) this.#arrangements.delete(key);
    else {
      arrangement = this.#upload(this.plan(gradients));
      this.#retireOldest();
    }
    // The latest used comes last.
    this.#arrangements.set(key, arrangement);
    return { arrangement, sources };
  }

  /** Makes {@link dispatches} follow the gradients; what was made for the same buffers before is used again. */
  bind(scalars: ScalarSource): void {
    const { arrangement, sources } = this.arrange();
    this.dispatches = arrangement.dispatches.map(({ gradBuffer }, index) => {
      const { buffer, base } = sources[gradBuffer]!;
      const bound = arrangement.bound[index]!;
      const byBase = bound.get(buffer) ?? new Map<number, BoundDispatch>();
      bound.set(buffer, byBase);
      const known = byBase.get(base);
      if (known) return known;
      if (byBase.size >= MAX_BEGINNINGS) byBase.delete(byBase.keys().next().value!);
      const dispatch = this.#bindGroup(arrangement, index, sources[gradBuffer]!, scalars);
      byBase.set(base, dispatch);
      return dispatch;
    });
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

  /** Binds everything anew, for scalars that lie elsewhere. */
  rebind(scalars: ScalarSource): void {
    for (const { bound } of this.#arrangements.values()) {
      bound.forEach((_, index) => (bound[index] = new WeakMap()));
    }
    this.bind(scalars);
  }

  destroy(): void {
    for (const buffer of this.states) buffer.destroy();
    for (const { segments } of this.#retired) segments.destroy();
    for (const { segments } of this.#arrangements.values()) segments.destroy();
  }

  /** The distinct gradient buffers, and where among them, from where each is first used, the gradients are. */
  #gradients(): { gradients: GradientRange[]; sources: GradientSource[] } {
    const { alignment } = this.#limits;
    const indices = new Map<GPUBuffer, number>();
    const sources: GradientSource[] = [];
    for (const { param, grad } of this.tensors) {
      // With the parameters in the same buffer, both count from its beginning.
      const base = grad.buffer === param.buffer ? 0 : Math.floor(grad.offset / alignment) * alignment;
      const index = indices.get(grad.buffer);
      if (index !== undefined) sources[index]!.base = Math.min(sources[index]!.base, base);
      else indices.set(grad.buffer, sources.push({ buffer: grad.buffer, base }) - 1);
    }
    const gradients = this.tensors.map(({ param, grad }) => {
      const buffer = indices.get(grad.buffer)!;
      const { base } = sources[buffer]!;
      const end = paddedEnd(grad.buffer, grad.offset + grad.size);
      return {
        buffer,
        offset: grad.offset - base,
        paddedEnd: end - base,
        shared: grad.buffer === param.buffer,
      };
    });
    return { gradients, sources };
  }

  #upload(dispatches: Dispatch[]): Arrangement {
    const { device, label } = this.context;
    const { alignment } = this.#limits;
    let size = 0;
    const starts = dispatches.map(({ segments }) => {
      const start = size;
      size += Math.ceil(segments.byteLength / alignment) * alignment;
      return start;
    });
    const segments = device.createBuffer({ label: `${label}/segments`, size, usage: STORAGE | COPY_DST });
    dispatches.forEach((dispatch, index) => {
      device.queue.writeBuffer(segments, starts[index]!, dispatch.segments);
    });
    return { dispatches, segments, starts, bound: dispatches.map(() => new WeakMap()) };
  }

  #bindGroup(
    { dispatches, segments, starts }: Arrangement,
    index: number,
    { buffer, base }: GradientSource,
    source: ScalarSource,
  ): BoundDispatch {
    const { device, label } = this.context;
    const { shared, stateBuffer, param, grad, segments: rows } = dispatches[index]!;
    const kernel = this.context.kernel(shared ? "shared" : "separate");
    const part = (of: GPUBuffer, offset: number, size: number) => ({ buffer: of, offset, size });
    const segmentRows = part(segments, starts[index]!, rows.byteLength);
    const gradients = part(buffer, base + grad.start, grad.end - grad.start);
    const params = part(this.tensors[0]!.param.buffer, param.start, param.end - param.start);
    const entries: GPUBindGroupEntry[] = [
      { binding: BINDINGS.scalars, resource: part(source.buffer, 0, source.slotBytes) },
      { binding: BINDINGS.segments, resource: segmentRows },
      { binding: BINDINGS.params, resource: params },
    ];
    const states = this.states[stateBuffer];
    if (states) entries.push({ binding: BINDINGS.states, resource: { buffer: states } });
    if (!shared) entries.push({ binding: BINDINGS.grads, resource: gradients });
    if (source.entries) entries.push(...source.entries);
    const bindGroup = device.createBindGroup({ label, layout: kernel.layout, entries });
    const [x, y] = workgroupGrid(rows.length / SEGMENT_WORDS, device.limits.maxComputeWorkgroupsPerDimension);
    if (!source.measure) return { kernel, bindGroup, x, y, entries };
    return { kernel, bindGroup, x, y, entries, measure: source.measure(segmentRows, gradients) };
  }
}
