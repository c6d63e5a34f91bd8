// Opens the GPU, names it, and says in plain words why there is none. Must not know any demo.
import { deviceRequirements } from "webgpu-optim";

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
export function adapterName(
  info: Pick<GPUAdapterInfo, "vendor" | "architecture" | "device" | "description"> | undefined,
): string {
  if (!info) return "unnamed GPU";
  if (info.architecture === "swiftshader") return "SwiftShader (software, no graphics card)";
  const parts = [info.vendor, info.architecture].filter((part) => part !== "");
  return info.description || info.device || parts.join(" ") || "unnamed GPU";
}

/** Whether the device computes without a graphics card: slowly, and beside everything else on the CPU. */
export const isSoftware = ({ adapterInfo }: GPUDevice): boolean =>
  adapterInfo.isFallbackAdapter || adapterInfo.architecture === "swiftshader";

/** The browser's WebGPU. @throws {WebGpuMissingError} when it has none */
export function requireGpu(): GPU {
  // Typed as always there; absent in browsers without WebGPU and on pages that are not secure.
  const gpu = navigator.gpu as GPU | undefined;
  if (gpu) return gpu;
  throw new WebGpuMissingError(
    isSecureContext
      ? `This browser has no WebGPU. ${REMEDY}`
      : "WebGPU only works on secure pages. Open this page over https, or from localhost.",
  );
}

/** WebGPU is there, but nothing that it could compute on. */
export const noAdapter = () =>
  new WebGpuMissingError(`This browser found no graphics adapter for WebGPU. ${REMEDY}`);

/**
 * A device of the fastest adapter, with what the package asks for.
 * @throws {WebGpuMissingError} when the browser has no WebGPU, or no adapter for it
 */
export async function openDevice(): Promise<GPUDevice> {
  const adapter = await requireGpu().requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw noAdapter();
  return adapter.requestDevice(deviceRequirements(adapter));
}
