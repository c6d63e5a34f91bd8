// Reads buffers back: copies them in one submission, maps the copies and takes what they hold.
import { DeviceError } from "../errors.js";
import { underScopes } from "./error-scopes.js";

/** GPUMapMode.READ. */
const MAP_READ_MODE = 1;

/**
 * What some copies hold, of the work submitted so far.
 * @param stage encodes copies into buffers of the usage MAP_READ, which are destroyed afterwards
 * @param take what is taken of them, in the order of the copies
 * @throws {DeviceError} when memory is short or the device is lost
 */
export async function readBack<T>(
  device: GPUDevice,
  call: string,
  stage: (encoder: GPUCommandEncoder) => GPUBuffer[],
  take: (ranges: ArrayBuffer[]) => T,
): Promise<T> {
  const { value, error } = underScopes(device, () => {
    const encoder = device.createCommandEncoder({ label: `webgpu-optim/${call}` });
    const copies = stage(encoder);
    device.queue.submit([encoder.finish()]);
    return { copies, mapped: Promise.all(copies.map((copy) => copy.mapAsync(MAP_READ_MODE))) };
  });
  const { copies, mapped } = value;
  try {
    await mapped;
    // Mapping succeeds even where the copy was refused, and shows zeros.
    const failure = await error;
    if (failure) throw new Error(failure.message);
    return take(copies.map((copy) => copy.getMappedRange()));
  } catch (cause) {
    const reason = (await error)?.message ?? (cause instanceof Error ? cause.message : String(cause));
    throw new DeviceError(`${call}: what the GPU holds could not be read: ${reason}`, { cause });
  } finally {
    for (const copy of copies) copy.destroy();
  }
}
