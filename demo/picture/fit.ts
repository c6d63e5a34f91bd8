// A fit: two models that learn the same picture from the same start, each by its own rule, side by side in time. Must not
// know the page.
import type { RuleOptions, Schedule, UpdateRule } from "webgpu-optim";
import type { PerTensor } from "./gaussians";
import type { Kernels } from "./kernels";
import { createGoal, type Goal, HISTORY_LENGTH, Model } from "./model";

export type Side = { rule: UpdateRule<RuleOptions>; lrs: PerTensor<number | Schedule> };
export type Pair<Value> = [left: Value, right: Value];

/** Mean squared errors after each step from `step` on; negative, or not a number, once a model is lost. */
export type Errors = { step: number; values: Pair<Float32Array> };

/** Steps between two readings of the errors. */
export const MAX_STEPS = HISTORY_LENGTH;

export class Fit {
  readonly models: Pair<Model>;
  readonly goal: Goal;
  readonly #device: GPUDevice;
  readonly #staging: GPUBuffer;
  /** Completed steps of each model. */
  step = 0;

  /** @param pixels `size`² times red, green, blue, 1 */
  static async create(
    device: GPUDevice,
    kernels: Kernels,
    pixels: Float32Array<ArrayBuffer>,
    initial: PerTensor<Float32Array>,
    sides: Pair<Side>,
  ): Promise<Fit> {
    const goal = createGoal(device, pixels);
    const models: Model[] = [];
    try {
      for (const side of sides) models.push(await Model.create(device, kernels, goal, { ...side, initial }));
    } catch (error) {
      for (const model of models) model.destroy();
      goal.buffer.destroy();
      throw error;
    }
    return new Fit(device, goal, models as Pair<Model>);
  }

  private constructor(device: GPUDevice, goal: Goal, models: Pair<Model>) {
    this.#device = device;
    this.goal = goal;
    this.models = models;
    this.#staging = device.createBuffer({
      label: "demo/picture/errors",
      size: models.reduce((size, { history }) => size + history.size, 0),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  /** Draws both pictures as they start, and returns the error before any step. */
  begin(): Promise<Errors> {
    return this.#run(0, (model, pass) => {
      model.draw(pass);
    });
  }

  /** Takes steps, at most {@link MAX_STEPS}, in one submission; the errors are all that comes back from the GPU. */
  advance(stepCount: number): Promise<Errors> {
    const first = this.step + 1;
    this.step += stepCount;
    return this.#run(first, (model, pass) => {
      for (let count = 0; count < stepCount; count++) model.step(pass);
    });
  }

  destroy(): void {
    for (const model of this.models) model.destroy();
    this.goal.buffer.destroy();
    this.#staging.destroy();
  }

  async #run(step: number, encode: (model: Model, pass: GPUComputePassEncoder) => void): Promise<Errors> {
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const model of this.models) encode(model, pass);
    pass.end();
    let offset = 0;
    for (const { history } of this.models) {
      encoder.copyBufferToBuffer(history, 0, this.#staging, offset, history.size);
      offset += history.size;
    }
    this.#device.queue.submit([encoder.finish()]);
    await this.#staging.mapAsync(GPUMapMode.READ);
    const bytes = this.#staging.getMappedRange().slice(0);
    this.#staging.unmap();
    // Each history is a count, then a ring.
    const ringOf = (side: number) =>
      new Float32Array(bytes, side * (bytes.byteLength / 2) + 4, HISTORY_LENGTH);
    const valuesOf = (side: number) => {
      const ring = ringOf(side);
      return Float32Array.from(
        { length: this.step - step + 1 },
        (_, index) => ring[(step + index) % ring.length]!,
      );
    };
    return { step, values: [valuesOf(0), valuesOf(1)] };
  }
}
