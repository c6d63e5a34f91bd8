// Runs in the browser for picture.test.ts: the kernels of "Fit a picture" on Gaussians that the test chose.
import { adam } from "webgpu-optim";
import { perTensor, type PerTensor } from "../../demo/picture/gaussians";
import { compileKernels } from "../../demo/picture/kernels";
import { type Goal, Model } from "../../demo/picture/model";
import { openDevice } from "../../demo/shared/device";

export type Problem = {
  size: number;
  gaussians: PerTensor<number[]>;
  /** `size`² times red, green, blue. */
  goal: number[];
};

export type Outcome = {
  /** The picture, as the goal is. */
  picture: number[];
  /** Mean squared error before the step. */
  error: number;
  grads: PerTensor<number[]>;
  /** Of a second run on the same input. */
  gradsAgain: PerTensor<number[]>;
};

async function read(device: GPUDevice, source: GPUBuffer): Promise<Float32Array> {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const staging = device.createBuffer({ size: source.size, usage });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, staging, 0, source.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const values = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return values;
}

export async function run({ size, gaussians, goal }: Problem): Promise<Outcome> {
  const device = await openDevice();
  const kernels = await compileKernels(device);
  const pixels = Float32Array.from({ length: 4 * size * size }, (_, index) =>
    index % 4 === 3 ? 1 : goal[3 * Math.floor(index / 4) + (index % 4)]!,
  );
  const buffer = device.createBuffer({
    size: pixels.byteLength,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, pixels);

  const once = async (target: Goal) => {
    const model = await Model.create(device, kernels, target, {
      rule: adam(),
      lrs: perTensor(() => 0.01),
      initial: perTensor((name) => Float32Array.from(gaussians[name])),
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    model.draw(pass);
    pass.end();
    device.queue.submit([encoder.finish()]);
    const picture = await read(device, model.picture);
    const stepped = device.createCommandEncoder();
    const steps = stepped.beginComputePass();
    model.step(steps);
    steps.end();
    device.queue.submit([stepped.finish()]);
    const history = await read(device, model.history);
    const grads = await read(device, model.arena.gradBuffer);
    const gradOf = (name: keyof Problem["gaussians"]) => {
      const first = model.arena.get(name).grad.offset! / 4;
      return [...grads.subarray(first, first + gaussians[name].length)];
    };
    const outcome = {
      picture: [...picture].filter((_, index) => index % 4 !== 3),
      error: history[1]!,
      grads: perTensor(gradOf),
    };
    model.destroy();
    return outcome;
  };
  const outcome = await once({ size, buffer });
  const { grads: gradsAgain } = await once({ size, buffer });
  device.destroy();
  return { ...outcome, gradsAgain };
}
