// Compiles step kernels and caches them per device: a rule's WGSL, the module of its bindings and step.wgsl, one after
// another. Does not know what a rule computes.
import separateBuffersWgsl from "../../shaders/separate-buffers.wgsl?raw";
import sharedBufferWgsl from "../../shaders/shared-buffer.wgsl?raw";
import stepWgsl from "../../shaders/step.wgsl?raw";
import { DeviceError } from "../errors.js";
import { underScopes } from "./error-scopes.js";

/** Whether parameters and gradients are bound as two buffers or, being one, once. */
export type Variant = "separate" | "shared";

/** A compiled step kernel, and the layout of its one bind group. */
export type Kernel = { pipeline: GPUComputePipeline; layout: GPUBindGroupLayout };

/** Slots of the bind group, as the WGSL numbers them. */
export const BINDINGS = { scalars: 0, segments: 1, states: 2, params: 3, memory: 3, grads: 4 } as const;

/** The complete WGSL text of a rule's step kernel. */
export function stepWgslOf(ruleWgsl: string, variant: Variant): string {
  const bindings = variant === "shared" ? sharedBufferWgsl : separateBuffersWgsl;
  return [ruleWgsl, bindings, stepWgsl].join("\n");
}

const caches = new WeakMap<GPUDevice, Map<string, Kernel>>();

function cacheOf(device: GPUDevice): Map<string, Kernel> {
  const known = caches.get(device);
  if (known) return known;
  const cache = new Map<string, Kernel>();
  caches.set(device, cache);
  return cache;
}

/**
 * The kernel of a rule on a device, compiled without blocking.
 * @throws {DeviceError} with every message of the compiler
 */
export async function loadKernel(
  device: GPUDevice,
  ruleWgsl: string,
  variant: Variant,
  label: string,
): Promise<Kernel> {
  const code = stepWgslOf(ruleWgsl, variant);
  const cached = cacheOf(device).get(code);
  if (cached) return cached;
  const { value, error } = underScopes(device, () => {
    const description = describe(device, code, variant, label);
    return { ...description, pipeline: device.createComputePipelineAsync(description.descriptor) };
  });
  try {
    const kernel = { pipeline: await value.pipeline, layout: value.layout };
    cacheOf(device).set(code, kernel);
    return kernel;
  } catch (cause) {
    const messages = await compilerMessages(value.module, code);
    const reason = messages || (cause instanceof Error ? cause.message : String(cause));
    throw new DeviceError(`${label}: the kernel does not compile:\n${reason}`, { cause });
  } finally {
    await error;
  }
}

/** The kernel at once, for gradients that moved into the parameters' buffer after `create()`. */
export function kernelNow(device: GPUDevice, ruleWgsl: string, variant: Variant, label: string): Kernel {
  const code = stepWgslOf(ruleWgsl, variant);
  const cached = cacheOf(device).get(code);
  if (cached) return cached;
  const { descriptor, layout } = describe(device, code, variant, label);
  const kernel = { pipeline: device.createComputePipeline(descriptor), layout };
  cacheOf(device).set(code, kernel);
  return kernel;
}

function describe(device: GPUDevice, code: string, variant: Variant, label: string) {
  const COMPUTE = 4; // GPUShaderStage.COMPUTE
  const entry = (binding: number, buffer: GPUBufferBindingLayout) => ({
    binding,
    visibility: COMPUTE,
    buffer,
  });
  const entries = [
    entry(BINDINGS.scalars, { type: "uniform", hasDynamicOffset: true }),
    entry(BINDINGS.segments, { type: "read-only-storage" }),
    entry(BINDINGS.states, { type: "storage" }),
    entry(BINDINGS.params, { type: "storage" }),
  ];
  if (variant === "separate") entries.push(entry(BINDINGS.grads, { type: "read-only-storage" }));
  const layout = device.createBindGroupLayout({ label, entries });
  const module = device.createShaderModule({ label, code });
  const descriptor: GPUComputePipelineDescriptor = {
    label,
    layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "step" },
  };
  return { descriptor, layout, module };
}

/** Every message of the WGSL compiler, with its line. */
async function compilerMessages(module: GPUShaderModule, code: string): Promise<string> {
  const lines = code.split("\n");
  const { messages } = await module.getCompilationInfo();
  return messages
    .map(
      ({ type, lineNum, linePos, message }) =>
        `${type} ${lineNum}:${linePos} ${message}\n  ${lines[lineNum - 1] ?? ""}`,
    )
    .join("\n");
}
