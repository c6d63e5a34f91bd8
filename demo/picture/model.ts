// One model: Gaussians on the GPU, the passes that compare them with a picture, and the optimizer that moves them. This
// is the part to copy for a backward pass of your own. Must not know the page.
import { Optimizer, ParameterArena, type RuleOptions, type Schedule, type UpdateRule } from "webgpu-optim";
import { perTensor, type PerTensor, TENSOR_NAMES, WIDTHS } from "./gaussians";
import { type KernelName, type Kernels, TILE } from "./kernels";

/** The picture to fit, on the GPU: `size`² pixels as `vec4f`, colours from 0 to 1. */
export type Goal = { size: number; buffer: GPUBuffer };

/** @param pixels `size`² times red, green, blue, 1 */
export function createGoal(device: GPUDevice, pixels: Float32Array<ArrayBuffer>): Goal {
  const buffer = device.createBuffer({
    label: "demo/picture/goal",
    size: pixels.byteLength,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, pixels);
  return { size: Math.sqrt(pixels.length / 4), buffer };
}

export type ModelOptions = {
  rule: UpdateRule<RuleOptions>;
  lrs: PerTensor<number | Schedule>;
  initial: PerTensor<Float32Array>;
};

/** Mean squared errors that the history holds; the host must read them before as many steps have passed. */
export const HISTORY_LENGTH = 1024;

const GAUSSIAN_BYTES = 64;
const PIXEL_BYTES = 16;
const FLOAT_BYTES = 4;
/** Threads of a workgroup of project.wgsl and of bin.wgsl. */
const LANES = 64;

type Dispatch = { kernel: KernelName; workgroups: [number, number?]; bindGroup: GPUBindGroup };

export class Model {
  /** One `vec4f` for each pixel: colour and squared error. */
  readonly picture: GPUBuffer;
  /**
   * The count of errors so far, then a ring of {@link HISTORY_LENGTH}: error `k` is that after `k` steps, or negative when
   * the parameters are no longer numbers.
   */
  readonly history: GPUBuffer;
  readonly arena: ParameterArena;
  /** `struct Model` and the array of `struct Gaussian` of model.wgsl. */
  readonly header: GPUBuffer;
  readonly gaussians: GPUBuffer;
  readonly count: number;
  readonly #kernels: Kernels;
  readonly #optimizer: Optimizer<RuleOptions>;
  readonly #buffers: GPUBuffer[];
  readonly #backward: Dispatch[];
  readonly #forward: Dispatch[];

  static async create(
    device: GPUDevice,
    kernels: Kernels,
    goal: Goal,
    options: ModelOptions,
  ): Promise<Model> {
    const count = options.initial.opacity.length;
    const arena = new ParameterArena(
      device,
      perTensor((name) => [count, WIDTHS[name]]),
    );
    try {
      for (const name of TENSOR_NAMES) arena.write(name, options.initial[name]);
      const groups = arena.parameters.map((parameter, index) => ({
        params: [parameter],
        lr: options.lrs[TENSOR_NAMES[index]!],
      }));
      const optimizer = await Optimizer.create(device, groups, options.rule);
      return new Model(device, kernels, goal, arena, optimizer, count);
    } catch (error) {
      arena.destroy();
      throw error;
    }
  }

  private constructor(
    device: GPUDevice,
    kernels: Kernels,
    goal: Goal,
    arena: ParameterArena,
    optimizer: Optimizer<RuleOptions>,
    count: number,
  ) {
    const { size } = goal;
    const wordCount = Math.ceil(count / 32);
    const tileCount = (size / TILE) ** 2;
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const create = (label: string, bytes: number, usage = STORAGE) =>
      device.createBuffer({ label: `demo/picture/${label}`, size: bytes, usage });

    const offsets = TENSOR_NAMES.map((name) => arena.get(name).param.offset! / FLOAT_BYTES);
    const header = Uint32Array.of(size, count, wordCount, ...offsets);
    const model = create("model", header.byteLength, UNIFORM | COPY_DST);
    device.queue.writeBuffer(model, 0, header);
    const gaussians = create("gaussians", count * GAUSSIAN_BYTES);
    const tiles = create("tiles", tileCount * wordCount * FLOAT_BYTES);
    const residuals = create("residuals", size * size * PIXEL_BYTES);
    this.picture = create("picture", size * size * PIXEL_BYTES, STORAGE | COPY_SRC);
    this.history = create("history", (1 + HISTORY_LENGTH) * FLOAT_BYTES, STORAGE | COPY_SRC);
    this.#buffers = [model, gaussians, tiles, residuals, this.picture, this.history];
    this.arena = arena;
    this.header = model;
    this.gaussians = gaussians;
    this.count = count;
    this.#kernels = kernels;
    this.#optimizer = optimizer;

    const dispatch = (
      kernel: KernelName,
      workgroups: [number, number?],
      ...buffers: GPUBuffer[]
    ): Dispatch => ({
      kernel,
      workgroups,
      bindGroup: device.createBindGroup({
        label: `demo/picture/${kernel}`,
        layout: kernels[kernel].getBindGroupLayout(0),
        entries: [model, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } })),
      }),
    });
    const { paramBuffer, gradBuffer } = arena;
    this.#backward = [dispatch("differentiate", [count], gaussians, residuals, gradBuffer)];
    this.#forward = [
      dispatch("project", [Math.ceil(count / LANES)], paramBuffer, gaussians),
      dispatch("bin", [Math.ceil((tileCount * wordCount) / LANES)], gaussians, tiles),
      dispatch("draw", [size / TILE, size / TILE], gaussians, tiles, goal.buffer, this.picture, residuals),
      dispatch("measure", [1], this.picture, gaussians, this.history),
    ];
  }

  /** Draws the picture and measures its error: once before the first step. */
  draw(pass: GPUComputePassEncoder): void {
    this.#run(pass, this.#forward);
  }

  /** Differentiates the error of the picture as drawn, steps, and draws and measures the picture anew. */
  step(pass: GPUComputePassEncoder): void {
    this.#run(pass, this.#backward);
    this.#optimizer.step({ pass });
    this.#run(pass, this.#forward);
  }

  /** Learning rates from the next step on. */
  setLearningRates(lrs: PerTensor<number | Schedule>): void {
    TENSOR_NAMES.forEach((name, index) => {
      this.#optimizer.paramGroups[index]!.lr = lrs[name];
    });
  }

  destroy(): void {
    this.#optimizer.destroy();
    this.arena.destroy();
    for (const buffer of this.#buffers) buffer.destroy();
  }

  #run(pass: GPUComputePassEncoder, dispatches: Dispatch[]): void {
    for (const { kernel, workgroups, bindGroup } of dispatches) {
      pass.setPipeline(this.#kernels[kernel]);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...workgroups);
    }
  }
}
