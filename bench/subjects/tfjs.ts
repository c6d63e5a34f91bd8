// TensorFlow.js: `tf.train.adam` on its WebGPU backend, with gradients that are given. Loaded only when it is measured.
import * as tf from "@tensorflow/tfjs-core";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { Entrant } from "../rows";
import { NotMeasurableError, type Runner } from "../runner";
import { ends, normalsOf } from "../tensors";

export async function createTfjs({ parameters, tensors }: Entrant): Promise<Runner> {
  if (!(await tf.setBackend("webgpu"))) throw new NotMeasurableError("its WebGPU backend does not start");
  await tf.ready();
  const backend = tf.backend();
  if (!(backend instanceof WebGPUBackend)) throw new NotMeasurableError("its backend is another one");
  const values = normalsOf(parameters / tensors);
  const variables = Array.from({ length: tensors }, () => {
    const variable = tf.variable(tf.tensor1d(values));
    return { variable, grad: tf.tensor1d(values) };
  });
  const gradients = variables.map(({ variable, grad }) => ({ name: variable.name, tensor: grad }));
  // It gathers several dispatches before it submits them.
  const submit = () => {
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    backend.submitQueue();
  };
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
  return {
    step() {
      optimizer.applyGradients(gradients);
    },
    finished() {
      submit();
      return backend.queue.onSubmittedWorkDone();
    },
    peek: async () => ends(await variables[0]!.variable.data<"float32">()),
    destroy() {
      optimizer.dispose();
      for (const { variable, grad } of variables) {
        variable.dispose();
        grad.dispose();
      }
      submit();
    },
  };
}
