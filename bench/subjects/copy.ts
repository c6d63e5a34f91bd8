// The device's plain buffer copy, of as many bytes as a step moves: each byte copied is read once and written once.
import type { Entrant } from "../rows";
import { bytesPerParameter, ruleOf } from "../rules";
import { NotMeasurableError, type Runner } from "../runner";
import { fill, withMemory } from "../tensors";

export async function createCopy(device: GPUDevice, { rule, parameters }: Entrant): Promise<Runner> {
  const size = 4 * Math.ceil((parameters * bytesPerParameter(ruleOf(rule))) / 8);
  if (size > device.limits.maxBufferSize) {
    throw new NotMeasurableError(`${size} bytes exceed the device's maxBufferSize`);
  }
  const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const [from, to] = await withMemory(device, () => {
    const create = (label: string) => device.createBuffer({ label: `bench/copy/${label}`, size, usage });
    return [create("from"), create("to")] as const;
  });
  fill(device, from);
  return {
    step() {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(from, 0, to, 0, size);
      device.queue.submit([encoder.finish()]);
    },
    finished: () => device.queue.onSubmittedWorkDone(),
    destroy() {
      from.destroy();
      to.destroy();
    },
  };
}
