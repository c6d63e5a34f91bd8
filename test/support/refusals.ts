// What the tests of refusals share: catching what is thrown, and watching a device to show that nothing was done.
import { expect, onTestFinished, vi } from "vitest";
import { Optimizer, adam } from "webgpu-optim";
import type { Gpu } from "./gpu";

export type ErrorClass = abstract new (...args: never[]) => Error;

/** What a call throws or rejects with; undefined when it does neither. */
export async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Expects a call to throw or reject with an error of a class whose message holds every text. */
export async function expectRefused<E extends ErrorClass>(
  call: () => unknown,
  type: E,
  ...texts: string[]
): Promise<InstanceType<E>> {
  const error = await errorOf(call);
  expect(error, `what the call throws (${texts.join(" … ")})`).toBeInstanceOf(type);
  for (const text of texts) expect((error as Error).message).toContain(text);
  return error as InstanceType<E>;
}

/** Calls that make, write or submit something. */
const ON_DEVICE = [
  "createBindGroup",
  "createBuffer",
  "createCommandEncoder",
  "createComputePipeline",
  "createComputePipelineAsync",
  "createShaderModule",
] as const;
const ON_QUEUE = ["submit", "writeBuffer"] as const;

/** Notes which calls a device and its queue get until `stop()`, which returns their names. */
export function watchCalls(device: GPUDevice): { stop: () => string[] } {
  const spies = [
    ...ON_DEVICE.map((name) => ({ name, spy: vi.spyOn(device, name) })),
    ...ON_QUEUE.map((name) => ({ name, spy: vi.spyOn(device.queue, name) })),
  ];
  const restore = () => {
    for (const { spy } of spies) spy.mockRestore();
  };
  onTestFinished(restore);
  return {
    stop() {
      const called = spies.filter(({ spy }) => spy.mock.calls.length > 0).map(({ name }) => name);
      restore();
      return called;
    },
  };
}

/** Expects create() to reject its arguments before it asks anything of the device. */
export async function expectCreateRefused<E extends ErrorClass>(
  gpu: Gpu,
  args: { params: unknown; rule?: unknown; options?: unknown },
  type: E,
  ...texts: string[]
): Promise<InstanceType<E>> {
  const { params } = args;
  const rule = "rule" in args ? args.rule : adam();
  const calls = watchCalls(gpu.device);
  const create = () =>
    Optimizer.create(gpu.device, params as never, rule as never, args.options as object | undefined);
  const error = await expectRefused(create, type, ...texts);
  expect(calls.stop(), "calls on the device").toEqual([]);
  return error;
}

/** Buffers that a device creates until `stop()`. */
export type BufferWatch = {
  created: GPUBuffer[];
  /** Labels of those that were not destroyed. */
  left: () => string[];
  stop: () => void;
};

/** Replaces a method of a device until the returned function is called, at the latest until the test ends. */
function replace<K extends "createBuffer" | "popErrorScope">(
  device: GPUDevice,
  name: K,
  make: (original: GPUDevice[K]) => GPUDevice[K],
): () => void {
  const before = device[name];
  device[name] = make(before.bind(device) as GPUDevice[K]);
  onTestFinished(() => {
    Reflect.deleteProperty(device, name);
  });
  return () => {
    device[name] = before;
  };
}

/** Notes every buffer that a device creates from now on, and whether it is destroyed. */
export function watchBuffers(device: GPUDevice): BufferWatch {
  const created: GPUBuffer[] = [];
  const destroyed = new Set<GPUBuffer>();
  const stop = replace(device, "createBuffer", (create) => (descriptor) => {
    const buffer = create(descriptor);
    created.push(buffer);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      destroyed.add(buffer);
      destroy();
      return undefined;
    };
    return buffer;
  });
  const left = () => created.filter((buffer) => !destroyed.has(buffer)).map(({ label }) => label);
  return { created, left, stop };
}

/**
 * Makes a device short of memory for buffers whose label matches: as when memory is short, such a buffer is invalid and
 * the scope for memory errors reports it. Returns what ends it.
 */
export function shortOfMemory(device: GPUDevice, label: RegExp): () => void {
  let short = false;
  const endCreating = replace(device, "createBuffer", (create) => (descriptor) => {
    if (!label.test(descriptor.label ?? "")) return create(descriptor);
    short = true;
    // Usages that no buffer may have together: the buffer is invalid, and so is all that uses it.
    const { MAP_READ, MAP_WRITE } = GPUBufferUsage;
    return create({ ...descriptor, usage: descriptor.usage | MAP_READ | MAP_WRITE });
  });
  // The scope for memory errors is the inner one of each pair, and so the first to be popped.
  const endPopping = replace(device, "popErrorScope", (pop) => async () => {
    const report = short;
    short = false;
    const error = await pop();
    return report ? new GPUOutOfMemoryError("no memory left in the test") : error;
  });
  return () => {
    endCreating();
    endPopping();
  };
}
