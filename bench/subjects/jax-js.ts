// jax-js: Adam as its port of optax computes it, but as one jitted function over all tensors. Loaded only when it is
// measured. Arrays of jax-js are counted references: a function consumes its arguments.
import { getWebGPUDevice, jit, numpy as np } from "@jax-js/jax";
import { openJaxDevice } from "../../demo/shared/jax-device";
import type { Entrant } from "../rows";
import type { Runner } from "../runner";
import { ends, normalsOf } from "../tensors";

const LR = 1e-3;
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPS = 1e-8;

type Tensor = { param: np.Array; m: np.Array; v: np.Array };

function update(
  { param, m, v }: Tensor,
  grad: np.Array,
  correction1: np.Array,
  correction2: np.Array,
): Tensor {
  const newM = m.mul(BETA1).add(grad.ref.mul(1 - BETA1));
  const newV = v.mul(BETA2).add(np.square(grad).mul(1 - BETA2));
  const denominator = np.sqrt(newV.ref.mul(correction2)).add(EPS);
  const change = newM.ref.mul(correction1).div(denominator).mul(LR);
  return { param: param.sub(change), m: newM, v: newV };
}

function updateAll(
  tensors: Tensor[],
  grads: np.Array[],
  correction1: np.Array,
  correction2: np.Array,
): Tensor[] {
  const updated = tensors.map((tensor, index) =>
    update(tensor, grads[index]!, correction1.ref, correction2.ref),
  );
  correction1.dispose();
  correction2.dispose();
  return updated;
}

export async function createJaxJs({ parameters, tensors: count }: Entrant): Promise<Runner> {
  await openJaxDevice();
  const device = getWebGPUDevice();
  const values = normalsOf(parameters / count);
  const shape = [parameters / count];
  const array = () => np.array(values, { shape, device: "webgpu" });
  const zeros = () => np.zeros(shape, { device: "webgpu" });
  const grads = Array.from({ length: count }, array);
  let tensors = grads.map((): Tensor => ({ param: array(), m: zeros(), v: zeros() }));
  const jitted = jit(updateAll);
  let step = 0;
  return {
    step() {
      step++;
      tensors = jitted(
        tensors,
        grads.map((grad) => grad.ref),
        1 / (1 - BETA1 ** step),
        1 / (1 - BETA2 ** step),
      );
      // Arrays are lazy: without this, steps would gather instead of being taken.
      tensors[0]!.param.ref.gpuBufferSync();
    },
    finished: () => device.queue.onSubmittedWorkDone(),
    peek: async () => ends((await tensors[0]!.param.ref.data()) as Float32Array),
    destroy() {
      for (const { param, m, v } of tensors) for (const part of [param, m, v]) part.dispose();
      for (const grad of grads) grad.dispose();
      jitted.dispose();
    },
  };
}
