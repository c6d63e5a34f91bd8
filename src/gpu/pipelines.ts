// Compiles kernels and caches them per device. A step kernel is a rule's WGSL, the modules of its state, its gradients and
// its buffers, and an entry point, one after another. Does not know what a rule computes.
import plainGradientWgsl from "../../shaders/gradient-plain.wgsl?raw";
import launchWgsl from "../../shaders/launch.wgsl?raw";
import segmentWgsl from "../../shaders/segment.wgsl?raw";
import separateBuffersWgsl from "../../shaders/separate-buffers.wgsl?raw";
import sharedBufferWgsl from "../../shaders/shared-buffer.wgsl?raw";
import statefulWgsl from "../../shaders/stateful.wgsl?raw";
import statelessWgsl from "../../shaders/stateless.wgsl?raw";
import stepWgsl from "../../shaders/step.wgsl?raw";
import updateWgsl from "../../shaders/update.wgsl?raw";
import watchNothingWgsl from "../../shaders/watch-nothing.wgsl?raw";
import { DeviceError } from "../errors.js";
import { underScopes } from "./error-scopes.js";

/** Whether parameters and gradients are bound as two buffers or, being one, once. */
export type Variant = "separate" | "shared";

/** A compiled kernel, and the layout of its one bind group. */
export type Kernel = { pipeline: GPUComputePipeline; layout: GPUBindGroupLayout };

/** What a kernel is compiled from. */
export type Program = { code: string; entryPoint: string; entries: GPUBindGroupLayoutEntry[] };

/** Slots of the step kernel's bind group, as the WGSL numbers them. */
export const BINDINGS = {
  scalars: 0,
  segments: 1,
  states: 2,
  params: 3,
  memory: 3,
  grads: 4,
  control: 5,
  watched: 6,
  histograms: 7,
} as const;

/** What decides a step kernel. */
export type KernelSource = {
  wgsl: string;
  /** The rule has no state. */
  stateless: boolean;
  /** How parameters and gradients are bound. */
  variant: Variant;
  /** What becomes of gradients and what is noted of a step; without it gradients are taken as they are. */
  handling?: StepHandling | undefined;
};

/** Modules of a step kernel in the place of gradient-plain.wgsl and watch-nothing.wgsl, and what they bind. */
export type StepHandling = { modules: readonly string[]; entries: readonly GPUBindGroupLayoutEntry[] };

/** The modules of a step kernel that do not depend on what it binds. */
export function commonWgslOf({ wgsl, stateless, handling }: KernelSource): string[] {
  const modules = handling?.modules ?? [plainGradientWgsl, watchNothingWgsl];
  return [wgsl, ...(stateless ? [] : [updateWgsl]), ...modules, launchWgsl];
}

/** The modules that step the segments of one parameter buffer. */
export function bufferWgslOf({ stateless, variant }: KernelSource): string[] {
  const buffers = variant === "shared" ? sharedBufferWgsl : separateBuffersWgsl;
  return [stateless ? statelessWgsl : statefulWgsl, buffers, segmentWgsl];
}

/** The complete WGSL text of a rule's step kernel. */
export function stepWgslOf(source: KernelSource): string {
  return [...commonWgslOf(source), ...bufferWgslOf(source), stepWgsl].join("\n");
}

/** An entry of a layout for compute kernels. */
export const entry = (binding: number, buffer: GPUBufferBindingLayout): GPUBindGroupLayoutEntry => ({
  binding,
  visibility: 4 /* GPUShaderStage.COMPUTE */,
  buffer,
});

/** A rule's step kernel. */
export function stepProgram(source: KernelSource): Program {
  const entries = [
    entry(BINDINGS.scalars, { type: "uniform", hasDynamicOffset: true }),
    entry(BINDINGS.segments, { type: "read-only-storage" }),
    entry(BINDINGS.params, { type: "storage" }),
  ];
  if (!source.stateless) entries.push(entry(BINDINGS.states, { type: "storage" }));
  if (source.variant === "separate") entries.push(entry(BINDINGS.grads, { type: "read-only-storage" }));
  if (source.handling) entries.push(...source.handling.entries);
  return { code: stepWgslOf(source), entryPoint: "step", entries };
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
export async function loadKernel(device: GPUDevice, program: Program, label: string): Promise<Kernel> {
  const { code } = program;
  const { ready, pending } = cacheOf(device);
  const known = ready.get(code) ?? pending.get(code);
  if (known) return known;
  const compiling = compile(device, program, label);
  pending.set(code, compiling);
  try {
    const kernel = await compiling;
    ready.set(code, kernel);
    return kernel;
  } finally {
    pending.delete(code);
  }
}

async function compile(device: GPUDevice, program: Program, label: string): Promise<Kernel> {
  const { value, error } = underScopes(device, () => {
    const description = describe(device, program, label);
    return { ...description, pipeline: device.createComputePipelineAsync(description.descriptor) };
  });
  try {
    return { pipeline: await value.pipeline, layout: value.layout };
  } catch (cause) {
    const messages = await compilerMessages(value.module, program.code);
    const reason = messages || (cause instanceof Error ? cause.message : String(cause));
    throw new DeviceError(`${label}: the kernel does not compile:\n${reason}`, { cause });
  } finally {
    await error;
  }
}

/** The kernel at once, for gradients that moved into the parameters' buffer after `create()`. */
export function kernelNow(device: GPUDevice, program: Program, label: string): Kernel {
  const { ready } = cacheOf(device);
  const known = ready.get(program.code);
  if (known) return known;
  const { descriptor, layout } = describe(device, program, label);
  const kernel = { pipeline: device.createComputePipeline(descriptor), layout };
  ready.set(program.code, kernel);
  return kernel;
}

function describe(device: GPUDevice, { code, entryPoint, entries }: Program, label: string) {
  const layout = device.createBindGroupLayout({ label, entries });
  const module = device.createShaderModule({ label, code });
  const descriptor: GPUComputePipelineDescriptor = {
    label,
    layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
    compute: { module, entryPoint },
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
