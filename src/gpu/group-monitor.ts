// What the monitor keeps of one group: the rows that its step kernels note, and the sums by tensor that are read back.
import { workgroupGrid } from "./launch-plan.js";
import { BINDINGS, type Kernel } from "./pipelines.js";
import { COPY_DST, COPY_SRC, MAP_READ, STORAGE } from "./usage.js";

/** Bins of the histogram of effective step sizes, as in shaders/watched.wgsl. */
const BIN_COUNT = 64;
/** Words of a row noted by a step, and of a tensor's summary before its bins. */
const WATCHED_WORDS = 10;
const SUMMARY_WORDS = 15 + BIN_COUNT;

/** Rows of a tensor in its group, and its elements. */
export type TensorRows = { first: number; count: number; length: number };

/** Sums over a tensor in the latest step of its group. Squares are NaN where an element is not finite. */
export type TensorSums = {
  elementCount: number;
  gradSquares: number;
  nonFiniteCount: number;
  updateSquares: number;
  largestUpdate: number;
  cappedCount: number;
  /** After the latest step that was taken. */
  paramSquares: number;
  /** Elements by effective step size, where that is noted. */
  stepSizeCounts: number[] | undefined;
};

export class GroupMonitor {
  /** A row for each workgroup, and its histogram: what step kernels write. */
  readonly #watched: GPUBuffer;
  readonly #histograms: GPUBuffer;
  readonly #tensors: GPUBuffer;
  readonly #summaries: GPUBuffer;
  #bindGroup: GPUBindGroup | undefined;

  constructor(
    readonly device: GPUDevice,
    readonly label: string,
    readonly kernel: Kernel,
    readonly rows: readonly TensorRows[],
    readonly hasStepSizes: boolean,
  ) {
    const rowCount = rows.reduce((sum, { count }) => sum + count, 0);
    const create = (name: string, words: number, usage: number) =>
      device.createBuffer({ label: `${label}/${name}`, size: Math.max(words, 1) * 4, usage });
    this.#watched = create("watched", Math.max(rowCount, 1) * WATCHED_WORDS, STORAGE | COPY_DST);
    this.#histograms = create("histograms", rowCount * BIN_COUNT, STORAGE | COPY_DST);
    this.#tensors = create("tensors", Math.max(rows.length, 1) * 2, STORAGE | COPY_DST);
    this.#summaries = create("summaries", Math.max(rows.length, 1) * SUMMARY_WORDS, STORAGE | COPY_SRC);
    const table = Uint32Array.from(rows.flatMap(({ first, count }) => [first, count]));
    device.queue.writeBuffer(this.#tensors, 0, table);
  }

  /** What the group's step kernels bind. */
  get entries(): GPUBindGroupEntry[] {
    const watched = { binding: BINDINGS.watched, resource: { buffer: this.#watched } };
    const histograms = { binding: BINDINGS.histograms, resource: { buffer: this.#histograms } };
    return this.hasStepSizes ? [watched, histograms] : [watched];
  }

  /** Binds the group's partial sums, wherever they lie now. */
  bind(partials: GPUBufferBinding): void {
    const buffer = (of: GPUBuffer) => ({ buffer: of });
    this.#bindGroup = this.device.createBindGroup({
      label: this.label,
      layout: this.kernel.layout,
      entries: [
        { binding: 0, resource: buffer(this.#tensors) },
        { binding: 1, resource: partials },
        { binding: 2, resource: buffer(this.#watched) },
        { binding: 3, resource: buffer(this.#histograms) },
        { binding: 4, resource: buffer(this.#summaries) },
      ],
    });
  }

  /** Sums up by tensor, and copies that for {@link parse}. */
  stage(encoder: GPUCommandEncoder): GPUBuffer {
    const { device, label, kernel, rows } = this;
    const pass = encoder.beginComputePass({ label });
    pass.setPipeline(kernel.pipeline);
    pass.setBindGroup(0, this.#bindGroup);
    pass.dispatchWorkgroups(...workgroupGrid(rows.length, device.limits.maxComputeWorkgroupsPerDimension));
    pass.end();
    const { size } = this.#summaries;
    const copy = device.createBuffer({ label: `${label}/summaries-copy`, size, usage: MAP_READ | COPY_DST });
    encoder.copyBufferToBuffer(this.#summaries, 0, copy, 0, size);
    return copy;
  }

  /** What {@link stage} copied, once it is mapped: sums of each tensor, in order. */
  parse(bytes: ArrayBuffer): TensorSums[] {
    const [floats, words] = [new Float32Array(bytes), new Uint32Array(bytes)];
    return this.rows.map(({ length }, tensor) => {
      const at = tensor * SUMMARY_WORDS;
      const [measured, taken] = [words[at + 3]!, words[at + 7]!];
      // Rows that an earlier step wrote: the latest was left out.
      const left = measured !== taken;
      return {
        elementCount: length,
        gradSquares: squaresOf(floats.subarray(at)),
        updateSquares: left ? 0 : squaresOf(floats.subarray(at + 4)),
        paramSquares: taken === 0 ? NaN : squaresOf(floats.subarray(at + 8)),
        largestUpdate: left ? 0 : floats[at + 12]!,
        cappedCount: left ? 0 : words[at + 13]!,
        nonFiniteCount: words[at + 14]!,
        stepSizeCounts: this.hasStepSizes ? [...words.subarray(at + 15, at + SUMMARY_WORDS)] : undefined,
      };
    });
  }

  /** Forgets the steps so far. No recorded step may be waiting for its submission. */
  clear(): void {
    const encoder = this.device.createCommandEncoder({ label: this.label });
    for (const buffer of [this.#watched, this.#histograms]) encoder.clearBuffer(buffer);
    this.device.queue.submit([encoder.finish()]);
  }

  destroy(): void {
    for (const buffer of [this.#watched, this.#histograms, this.#tensors, this.#summaries]) buffer.destroy();
  }
}

/** The sum of squares that a Partial (shaders/control.wgsl) stands for. */
function squaresOf([big, middle, small]: Float32Array): number {
  return big! < 0 ? NaN : big! * 2 ** 160 + middle! + small! * 2 ** -160;
}
