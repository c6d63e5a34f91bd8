// Runs GPU calls of ours under error scopes, and knows which devices are lost.
import { DeviceError } from "../errors.js";

/** What a device reported of calls of ours. */
export type DeviceFailure = { kind: "validation" | "out-of-memory"; message: string };

/**
 * Runs `body` with scopes for validation and memory errors around it, pushed and popped in this one synchronous
 * block, so that no call of the caller's falls into them.
 * @returns what `body` returned, and a promise of what the device reports later, if anything
 */
export function underScopes<T>(
  device: GPUDevice,
  body: () => T,
): { value: T; error: Promise<DeviceFailure | undefined> } {
  device.pushErrorScope("validation");
  device.pushErrorScope("out-of-memory");
  let value: T;
  let memory: Promise<GPUError | null>;
  let validation: Promise<GPUError | null>;
  try {
    value = body();
  } finally {
    memory = device.popErrorScope();
    validation = device.popErrorScope();
  }
  return { value, error: firstFailure(memory, validation) };
}

async function firstFailure(
  memory: Promise<GPUError | null>,
  validation: Promise<GPUError | null>,
): Promise<DeviceFailure | undefined> {
  // A buffer that could not be had makes what uses it invalid: the memory error is the cause.
  const [outOfMemory, invalid] = await Promise.all([memory, validation]);
  if (outOfMemory) return { kind: "out-of-memory", message: outOfMemory.message };
  return invalid ? { kind: "validation", message: invalid.message } : undefined;
}

const lostDevices = new WeakMap<GPUDevice, { info: GPUDeviceLostInfo | undefined }>();

/** Starts to watch a device, and waits until a loss of the past is known. */
export async function watchDevice(device: GPUDevice): Promise<void> {
  let watch = lostDevices.get(device);
  if (!watch) {
    watch = { info: undefined };
    const known = watch;
    lostDevices.set(device, known);
    void device.lost.then((info) => (known.info = info));
  }
  // `lost` of a device that is gone is resolved already; its callbacks run before this continues.
  await Promise.race([device.lost, Promise.resolve()]);
  await Promise.resolve();
}

/** @throws {DeviceError} when the device is known to be lost */
export function refuseLost(device: GPUDevice, call: string): void {
  const info = lostDevices.get(device)?.info;
  if (info) {
    throw new DeviceError(
      `${call}: the GPU device is lost (${info.reason}: ${info.message}); request a new device and ` +
        "create a new optimizer on it",
    );
  }
}
