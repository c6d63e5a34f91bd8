// Opens the GPU for jax-js and for us. Must not know any demo; apart from device.ts so that only pages that compute with
// jax-js load it.
import { defaultDevice, getWebGPUDevice, init } from "@jax-js/jax";
import { noAdapter, requireGpu } from "./device";

/**
 * The device that jax-js computes on; the optimizer must use the same one, since both touch the same buffers.
 * @throws {WebGpuMissingError} when the browser has no WebGPU, or no adapter for it
 */
export async function openJaxDevice(): Promise<GPUDevice> {
  requireGpu();
  const available = await init("webgpu");
  if (!available.includes("webgpu")) throw noAdapter();
  defaultDevice("webgpu");
  return getWebGPUDevice();
}
