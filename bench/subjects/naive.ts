// Adam as people write it by hand: a dispatch, a bind group and a small upload for each tensor.
import type { Entrant } from "../rows";
import { NotMeasurableError, type Runner } from "../runner";
import { peek, separateTensors, withMemory } from "../tensors";
import naiveWgsl from "./naive.wgsl?raw";

const WORKGROUP_SIZE = 256;
const OPTIONS_BYTES = 24;

export async function createNaive(device: GPUDevice, entrant: Entrant): Promise<Runner> {
  const workgroups = Math.ceil(entrant.parameters / entrant.tensors / WORKGROUP_SIZE);
  const most = device.limits.maxComputeWorkgroupsPerDimension;
  if (workgroups > most) {
    throw new NotMeasurableError(`one element per invocation ends at ${most * WORKGROUP_SIZE} elements`);
  }
  const buffers = await separateTensors(device, entrant);
  const module = device.createShaderModule({ label: "bench/naive", code: naiveWgsl });
  const pipeline = await device.createComputePipelineAsync({
    label: "bench/naive",
    layout: "auto",
    compute: { module, entryPoint: "adam" },
  });
  const tensors = await withMemory(device, () =>
    buffers.map(({ param, grad, length }) => {
      const state = () => device.createBuffer({ size: param.size, usage: GPUBufferUsage.STORAGE });
      const uniform = device.createBuffer({
        size: OPTIONS_BYTES,
        usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      });
      const all = [uniform, param, grad, state(), state()];
      const entries = all.map((buffer, binding) => ({ binding, resource: { buffer } }));
      const bindGroup = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
      return { all, uniform, bindGroup, length };
    }),
  );
  const options = new ArrayBuffer(OPTIONS_BYTES);
  const floats = new Float32Array(options);
  const words = new Uint32Array(options);
  let step = 0;
  return {
    step() {
      step++;
      for (const { uniform, length } of tensors) {
        floats.set([1e-3, 0.9, 0.999, 1e-8, step]);
        words[5] = length;
        device.queue.writeBuffer(uniform, 0, options);
      }
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      for (const { bindGroup, length } of tensors) {
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(Math.ceil(length / WORKGROUP_SIZE));
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
    },
    finished: () => device.queue.onSubmittedWorkDone(),
    peek: () => peek(device, buffers[0]!.param, buffers[0]!.length),
    destroy() {
      for (const { all } of tensors) for (const buffer of all) buffer.destroy();
    },
  };
}
