// Runs in the browser for in-place.test.ts: a linear model of jax-js whose weights an optimizer steps in place.
import { defaultDevice, getWebGPUDevice, init, jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { adam, Optimizer, type Parameter } from "webgpu-optim";

export type Problem = {
  batch: number;
  inputs: number;
  classes: number;
  images: number[];
  labels: number[];
  weight: number[];
  bias: number[];
  lr: number;
  stepCount: number;
};

export type Outcome = {
  /** Logits before any step, then after each. */
  logits: number[][];
  /** The weights as jax-js reads them in the end. */
  weight: number[];
  bias: number[];
  /** A copy of the weight and one of the bias, made before the steps and read after them. */
  weightCopy: number[];
  biasCopy: number[];
  /** Another array made from the same numbers as the bias: jax-js must not have shared them. */
  biasTwin: number[];
  /** Different gradient buffers of the weight that the steps were given. */
  gradientBufferCount: number;
};

const linear = ([weight, bias]: np.Array[], images: np.Array) => np.dot(images, weight!).add(bias!);
const read = async (array: np.Array) => [...((await array.data()) as Float32Array)];

export async function run(problem: Problem): Promise<Outcome> {
  await init("webgpu");
  defaultDevice("webgpu");
  const { batch, inputs, classes, lr, stepCount } = problem;
  const array = (values: number[], shape: number[]) => np.array(Float32Array.from(values), { shape });
  const weights = [array(problem.weight, [inputs, classes]), array(problem.bias, [classes])];
  const biasTwin = array(problem.bias, [classes]);
  const images = array(problem.images, [batch, inputs]);
  const labels = array(problem.labels, [batch, classes]);
  const references = () => weights.map((weight) => weight.ref);

  const logits = jit(linear);
  const lossAndGradients = jit(
    valueAndGrad((w: np.Array[], x: np.Array, y: np.Array) =>
      nn
        .logSoftmax(linear(w, x))
        .mul(y)
        .sum()
        .mul(-1 / batch),
    ),
  );

  const weightCopy = await weights[0]!.ref.add(0).blockUntilReady();
  const biasCopy = await weights[1]!.ref.add(0).blockUntilReady();
  const outcome = { logits: [await read(logits(references(), images.ref))] };
  const gradientBuffers = new Set<GPUBuffer>();
  let parameters: Parameter[] | undefined;
  let optimizer: Awaited<ReturnType<typeof createOptimizer>> | undefined;
  const createOptimizer = (list: Parameter[]) => Optimizer.create(getWebGPUDevice(), list, adam({ lr }));

  for (let step = 0; step < stepCount; step++) {
    const [loss, gradients] = lossAndGradients(references(), images.ref, labels.ref);
    const buffers = gradients.map((gradient) => gradient.ref.gpuBufferSync());
    parameters ??= buffers.map((grad, index) => ({ param: weights[index]!.ref.gpuBufferSync(), grad }));
    optimizer ??= await createOptimizer(parameters);
    buffers.forEach((buffer, index) => (parameters![index]!.grad = buffer));
    gradientBuffers.add(buffers[0]!);
    optimizer.step();
    loss.dispose();
    for (const gradient of gradients) gradient.dispose();
    // Keeps a buffer of the gradient's size busy now and then, so that the pool hands out another one.
    const busy = step % 3 === 0 ? array(problem.weight, [inputs, classes]) : null;
    outcome.logits.push(await read(logits(references(), images.ref)));
    busy?.dispose();
  }

  optimizer?.destroy();
  return {
    ...outcome,
    weight: await read(weights[0]!),
    bias: await read(weights[1]!),
    weightCopy: await read(weightCopy),
    biasCopy: await read(biasCopy),
    biasTwin: await read(biasTwin),
    gradientBufferCount: gradientBuffers.size,
  };
}
