// What the package asks of a device, and what it reads from one.
import { BLOCK_LENGTH } from "./state-layout.js";
import type { LaunchLimits } from "./launch-plan.js";

/** What {@link deviceRequirements} returns: to be merged into the caller's own `requestDevice`. */
export type DeviceRequirements = {
  requiredFeatures: GPUFeatureName[];
  requiredLimits: Record<string, number>;
};

/**
 * What to ask of an adapter so that large models need the fewest buffers and dispatches. Nothing here is needed:
 * on a device with the default limits large tensors are stepped in windows.
 *
 * @returns no features, and the adapter's own `maxBufferSize` and `maxStorageBufferBindingSize`, in bytes
 * @example
 * const device = await adapter.requestDevice(deviceRequirements(adapter));
 */
export function deviceRequirements(adapter: GPUAdapter): DeviceRequirements {
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  return { requiredFeatures: [], requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } };
}

/**
 * Elements per workgroup. Hardware wants thousands of workgroups in flight. A software adapter runs them on as many
 * threads as there are cores, and starting one costs as much as some thousand elements: long chunks spare that, as long
 * as there are some for every thread.
 */
function chunkLength(device: GPUDevice, elements: number): number {
  // Older browsers have no adapterInfo on the device.
  const info = device.adapterInfo as GPUAdapterInfo | undefined;
  const blocks = Math.ceil(elements / 8 / BLOCK_LENGTH);
  return (info?.isFallbackAdapter ? Math.min(Math.max(blocks, 128), 512) : 16) * BLOCK_LENGTH;
}

/**
 * The limits that bound our dispatches on a device.
 * @param elements that are stepped together
 * @param merges whether neighbours may be stepped as one tensor
 */
export function launchLimits(device: GPUDevice, elements: number, merges: boolean): LaunchLimits {
  return {
    maxBindingBytes: device.limits.maxStorageBufferBindingSize,
    alignment: device.limits.minStorageBufferOffsetAlignment,
    chunkLength: chunkLength(device, elements),
    merges,
  };
}
