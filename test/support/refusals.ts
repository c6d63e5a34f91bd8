// What the tests of refusals share: catching what is thrown, and watching a device to show that nothing was done.
import { expect, onTestFinished, vi } from "vitest";

type ErrorClass = abstract new (...args: never[]) => Error;

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

/** Buffers that a device creates until `stop()`. */
export type BufferWatch = {
  created: GPUBuffer[];
  /** Labels of those that were not destroyed. */
  left: () => string[];
  stop: () => void;
};

/** Notes every buffer that a device creates from now on, and whether it is destroyed. */
export function watchBuffers(device: GPUDevice): BufferWatch {
  const created: GPUBuffer[] = [];
  const destroyed = new Set<GPUBuffer>();
  const create = device.createBuffer.bind(device);
  const spy = vi.spyOn(device, "createBuffer").mockImplementation((descriptor) => {
    const buffer = create(descriptor);
    created.push(buffer);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      destroyed.add(buffer);
      return destroy();
    };
    return buffer;
  });
  onTestFinished(() => {
    spy.mockRestore();
  });
  return {
    created,
    left: () => created.filter((buffer) => !destroyed.has(buffer)).map(({ label }) => label),
    stop: () => {
      spy.mockRestore();
    },
  };
}

/**
 * Makes a device short of memory for buffers whose label matches: as when memory is short, such a buffer is invalid and
 * the scope for memory errors reports it.
 */
export function shortOfMemory(device: GPUDevice, label: RegExp): { stop: () => void } {
  const create = device.createBuffer.bind(device);
  const pop = device.popErrorScope.bind(device);
  let short = false;
  const creating = vi.spyOn(device, "createBuffer").mockImplementation((descriptor) => {
    if (!label.test(descriptor.label ?? "")) return create(descriptor);
    short = true;
    // A usage that no buffer may have: the buffer is invalid, and so is all that uses it.
    return create({ ...descriptor, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.MAP_WRITE });
  });
  // The scope for memory errors is the inner one of each pair, and so the first to be popped.
  const popping = vi.spyOn(device, "popErrorScope").mockImplementation(async () => {
    const report = short;
    short = false;
    const error = await pop();
    return report ? new GPUOutOfMemoryError("no memory left in the test") : error;
  });
  const stop = () => {
    creating.mockRestore();
    popping.mockRestore();
  };
  onTestFinished(stop);
  return { stop };
}
