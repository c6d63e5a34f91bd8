// Compiles step kernels and caches them per device: a rule's WGSL, the modules of its state and of its buffers,
// and step.wgsl, one after another. Does not know what a rule computes.
import separateBuffersWgsl from "../../shaders/separate-buffers.wgsl?raw";
import sharedBufferWgsl from "../../shaders/shared-buffer.wgsl?raw";
import statefulWgsl from "../../shaders/stateful.wgsl?raw";
import statelessWgsl from "../../shaders/stateless.wgsl?raw";
import stepWgsl from "../../shaders/step.wgsl?raw";
import { DeviceError } from "../errors.js";
import { underScopes } from "./error-scopes.js";

/** Whether parameters and gradients are bound as two buffers or, being one, once. */
export type Variant = "separate" | "shared";

/** A compiled step kernel, and the layout of its one bind group. */
export type Kernel = { pipeline: GPUComputePipeline; layout: GPUBindGroupLayout };

/** Slots of the bind group, as the WGSL numbers them. */
export const BINDINGS = { scalars: 0, segments: 1, states: 2, params: 3, memory: 3, grads: 4 } as const;

/** What decides a kernel: the rule's text, whether it has state, and how its buffers are bound. */
export type KernelSource = { wgsl: string; stateless: boolean; variant: Variant };

/** The complete WGSL text of a rule's step kernel. */
export function stepWgslOf({ wgsl, stateless, variant }: KernelSource): string {
  const state = stateless ? statelessWgsl : statefulWgsl;
  const buffers = variant === "shared" ? sharedBufferWgsl : separateBuffersWgsl;
  return [wgsl, state, buffers, stepWgsl].join("\n");
}

/** Compiled kernels of a device, and those being compiled, by their text. */
type Cache = { ready: Map<string, Kernel>; pending: Map<string, Promise<Kernel>> };

const caches = new WeakMap<GPUDevice, Cache>();

function cacheOf(device: GPUDevice): Cache {
  const known = caches.get(device);
  if (known) return known;
  const cache: Cache = { ready: new Map(), pending: new Map() };
  caches.set(device, cache);
  return cache;
}

/**
 * A kernel, compiled without blocking; once, however many groups ask for it.
 * @throws {DeviceError} with every message of the compiler
 */
export async function loadKernel(device: GPUDevice, source: KernelSource, label: string): Promise<Kernel> {
  const code = stepWgslOf(source);
  const { ready, pending } = cacheOf(device);
  const known = ready.get(code) ?? pending.get(code);
  if (known) return known;
  const compiling = compile(device, code, source, label);
  pending.set(code, compiling);
  try {
    const kernel = await compiling;
    ready.set(code, kernel);
    return kernel;
  } finally {
    pending.delete(code);
  }
}

async function compile(
  device: GPUDevice,
  code: string,
  source: KernelSource,
  label: string,
): Promise<Kernel> {
  const { value, error } = underScopes(device, () => {
    const description = describe(device, code, source, label);
    return { ...description, pipeline: device.createComputePipelineAsync(description.descriptor) };
  });
  try {
    return { pipeline: await value.pipeline, layout: value.layout };
  } catch (cause) {
    const messages = await compilerMessages(value.module, code);
    const reason = messages || (cause instanceof Error ? cause.message : String(cause));
    throw new DeviceError(`${label}: the kernel does not compile:\n${reason}`, { cause });
  } finally {
    await error;
  }
}

/** The kernel at once, for gradients that moved into the parameters' buffer after `create()`. */
export function kernelNow(device: GPUDevice, source: KernelSource, label: string): Kernel {
  const code = stepWgslOf(source);
  const { ready } = cacheOf(device);
  const known = ready.get(code);
  if (known) return known;
  const { descriptor, layout } = describe(device, code, source, label);
  const kernel = { pipeline: device.createComputePipeline(descriptor), layout };
  ready.set(code, kernel);
  return kernel;
}

function describe(device: GPUDevice, code: string, { stateless, variant }: KernelSource, label: string) {
  const COMPUTE = 4; // GPUShaderStage.COMPUTE
  const entry = (binding: number, buffer: GPUBufferBindingLayout) => ({
    binding,
    visibility: COMPUTE,
    buffer,
  });
  const entries = [
    entry(BINDINGS.scalars, { type: "uniform", hasDynamicOffset: true }),
    entry(BINDINGS.segments, { type: "read-only-storage" }),
    entry(BINDINGS.params, { type: "storage" }),
  ];
  if (!stateless) entries.push(entry(BINDINGS.states, { type: "storage" }));
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
