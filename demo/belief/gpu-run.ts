// Runs the variants over a stream on the GPU: one parameter each, every step recorded, its results copied step by step and
// read once at the end. Must not know what is made of them.
import { Optimizer, ParameterArena, type RuleOptions } from "webgpu-optim";
import type { Variant, VariantName } from "./variants";

const FLOAT_BYTES = 4;
/** Steps in one submission: far fewer than the 4096 that may be recorded. */
const CHUNK = 256;

export type GpuRun = {
  /** By how much each step lowered the parameter. */
  moves: ReadonlyMap<VariantName, Float32Array>;
  /** The state after the last step, by slot. */
  states: ReadonlyMap<VariantName, Readonly<Record<string, number>>>;
};

export async function runOnGpu(
  device: GPUDevice,
  gradients: Float32Array<ArrayBuffer>,
  variants: readonly Variant[],
): Promise<GpuRun> {
  const arena = new ParameterArena(device, Object.fromEntries(variants.map(({ name }) => [name, []])));
  const stream = device.createBuffer({
    label: "belief/stream",
    size: gradients.byteLength,
    usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  const trace = device.createBuffer({
    label: "belief/trace",
    size: gradients.byteLength * variants.length,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const optimizers: Optimizer<RuleOptions>[] = [];
  try {
    device.queue.writeBuffer(stream, 0, gradients);
    for (const [index, { rule }] of variants.entries()) {
      optimizers.push(await Optimizer.create(device, [arena.parameters[index]!], rule));
    }
    for (let first = 0; first < gradients.length; first += CHUNK) {
      const encoder = device.createCommandEncoder();
      for (let step = first; step < Math.min(first + CHUNK, gradients.length); step++) {
        variants.forEach(({ name }, index) => {
          const { param, grad } = arena.get(name);
          const at = FLOAT_BYTES * (index * gradients.length + step);
          encoder.copyBufferToBuffer(stream, FLOAT_BYTES * step, grad.buffer, grad.offset!, FLOAT_BYTES);
          // Each step starts from 0, where float32 resolves even the smallest move.
          encoder.clearBuffer(param.buffer, param.offset, FLOAT_BYTES);
          optimizers[index]!.step({ encoder });
          encoder.copyBufferToBuffer(param.buffer, param.offset!, trace, at, FLOAT_BYTES);
        });
      }
      device.queue.submit([encoder.finish()]);
    }
    const states = new Map<VariantName, Record<string, number>>();
    for (const [index, { name }] of variants.entries()) {
      const { state } = await optimizers[index]!.stateDict();
      const slots = Object.entries(state[name]!).map(([slot, values]) => [slot, values[0]!] as const);
      states.set(name, Object.fromEntries(slots));
    }
    await trace.mapAsync(GPUMapMode.READ);
    const values = new Float32Array(trace.getMappedRange());
    const moves = new Map(
      variants.map(({ name }, index) => {
        const from = index * gradients.length;
        return [name, values.slice(from, from + gradients.length).map((param) => -param)];
      }),
    );
    return { moves, states };
  } finally {
    for (const optimizer of optimizers) optimizer.destroy();
    arena.destroy();
    stream.destroy();
    trace.destroy();
  }
}
