// Opens the GPU for jax-js and for us, names it, and says in plain words why there is none. Must not know any demo.
import { defaultDevice, getWebGPUDevice, init } from "@jax-js/jax";

const REMEDY =
  "Use a current Chrome or Edge (113 or later), Safari 26 or later, or Firefox 141 or later. On Linux, " +
  "Chrome may need the flag chrome://flags/#enable-unsafe-webgpu.";

/** The browser gives us no WebGPU; the message says why and what to do. */
export class WebGpuMissingError extends Error {
  override name = "WebGpuMissingError";
}

/** The device is gone: the driver restarted, the GPU was unplugged, or the browser took it away. */
export class DeviceLostError extends Error {
  override name = "DeviceLostError";

  constructor({ message }: GPUDeviceLostInfo) {
    super(`The connection to the GPU was lost${message ? `: ${message}` : ""}`);
  }
}

/** Calls that fail because the device is lost may fail this much before the device says so. */
const LOSS_DELAY_MS = 200;

/** The error itself, or the loss of the device when that is behind it. */
export async function causeOf(error: unknown, device: GPUDevice | undefined): Promise<Error> {
  const delay = new Promise<undefined>((resolve) => setTimeout(resolve, LOSS_DELAY_MS));
  const lost = device && (await Promise.race([device.lost, delay]));
  if (lost) return new DeviceLostError(lost);
  return error instanceof Error ? error : new Error(String(error));
}

/** The adapter's name, as far as the browser tells it. */
export function adapterName(info: GPUAdapterInfo | undefined): string {
  if (!info) return "unnamed GPU";
  if (info.architecture === "swiftshader") return "SwiftShader (software, no graphics card)";
  const parts = [info.vendor, info.architecture].filter((part) => part !== "");
  return info.description || info.device || parts.join(" ") || "unnamed GPU";
}

/**
 * The device that jax-js computes on; the optimizer must use the same one, since both touch the same buffers.
 * @throws {WebGpuMissingError} when the browser has no WebGPU, or no adapter for it
 */
export async function openDevice(): Promise<GPUDevice> {
  // Typed as always there; absent in browsers without WebGPU and on pages that are not secure.
  const gpu = navigator.gpu as GPU | undefined;
  if (!gpu) {
    throw new WebGpuMissingError(
      isSecureContext
        ? `This browser has no WebGPU. ${REMEDY}`
        : "WebGPU only works on secure pages. Open this page over https, or from localhost.",
    );
  }
  const available = await init("webgpu");
  if (!available.includes("webgpu")) {
    throw new WebGpuMissingError(`This browser found no graphics adapter for WebGPU. ${REMEDY}`);
  }
  defaultDevice("webgpu");
  return getWebGPUDevice();
}
