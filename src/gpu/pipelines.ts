// Compiles step kernels and caches them per device: a rule's WGSL, the modules of its state and of its buffers,
// and step.wgsl, one after another. Does not know what a rule computes.
import controlWgsl from "../../shaders/control.wgsl?raw";
import decideWgsl from "../../shaders/decide.wgsl?raw";
import controlledGradientWgsl from "../../shaders/gradient-controlled.wgsl?raw";
import plainGradientWgsl from "../../shaders/gradient-plain.wgsl?raw";
import measureWgsl from "../../shaders/measure.wgsl?raw";
import separateBuffersWgsl from "../../shaders/separate-buffers.wgsl?raw";
import sharedBufferWgsl from "../../shaders/shared-buffer.wgsl?raw";
import statefulWgsl from "../../shaders/stateful.wgsl?raw";
import statelessWgsl from "../../shaders/stateless.wgsl?raw";
import stepWgsl from "../../shaders/step.wgsl?raw";
import summarizeWgsl from "../../shaders/summarize.wgsl?raw";
import watchNoStepsWgsl from "../../shaders/watch-no-steps.wgsl?raw";
import watchNothingWgsl from "../../shaders/watch-nothing.wgsl?raw";
import watchStepsWgsl from "../../shaders/watch-steps.wgsl?raw";
import watchUpdatesWgsl from "../../shaders/watch-updates.wgsl?raw";
import watchedWgsl from "../../shaders/watched.wgsl?raw";
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
  /** Gradients are clipped, or steps skipped, as decide.wgsl says. */
  controlled?: boolean;
  /** What is noted of a controlled step: the updates alone, or the rule's effective steps too. */
  watch?: Watch | undefined;
};

/** What the monitor notes. */
export type Watch = "updates" | "steps";

/** The complete WGSL text of a rule's step kernel. */
export function stepWgslOf({ wgsl, stateless, variant, controlled, watch }: KernelSource): string {
  const state = stateless ? statelessWgsl : statefulWgsl;
  const gradient = controlled ? [controlWgsl, controlledGradientWgsl] : [plainGradientWgsl];
  const buffers = variant === "shared" ? sharedBufferWgsl : separateBuffersWgsl;
  const watchState = watch === "steps" ? watchStepsWgsl : watchNoStepsWgsl;
  const watching = watch ? [watchedWgsl, watchUpdatesWgsl, watchState] : [watchNothingWgsl];
  return [wgsl, state, ...gradient, ...watching, buffers, stepWgsl].join("\n");
}

const entry = (binding: number, buffer: GPUBufferBindingLayout): GPUBindGroupLayoutEntry => ({
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
  if (source.controlled) entries.push(entry(BINDINGS.control, { type: "uniform" }));
  if (source.watch) entries.push(entry(BINDINGS.watched, { type: "storage" }));
  if (source.watch === "steps") entries.push(entry(BINDINGS.histograms, { type: "storage" }));
  return { code: stepWgslOf(source), entryPoint: "step", entries };
}

/** The kernel that sums squares; its bindings in order: record, segments, gradBits, partials. */
export const measureProgram = (): Program => ({
  code: [controlWgsl, measureWgsl].join("\n"),
  entryPoint: "measure",
  entries: [
    entry(0, { type: "read-only-storage", hasDynamicOffset: true }),
    entry(1, { type: "read-only-storage" }),
    entry(2, { type: "read-only-storage" }),
    entry(3, { type: "storage" }),
  ],
});

/** The kernel that decides a step; its bindings in order: record, partials, tables, counts, resolved. */
export const decideProgram = (): Program => ({
  code: [controlWgsl, decideWgsl].join("\n"),
  entryPoint: "decide",
  entries: [
    entry(0, { type: "read-only-storage", hasDynamicOffset: true }),
    entry(1, { type: "read-only-storage" }),
    entry(2, { type: "read-only-storage" }),
    entry(3, { type: "storage" }),
    entry(4, { type: "storage" }),
  ],
});

/** The kernel that sums up tensors; its bindings in order: tensors, partials, watched, histograms, summaries. */
export const summarizeProgram = (): Program => ({
  code: [controlWgsl, watchedWgsl, summarizeWgsl].join("\n"),
  entryPoint: "summarize",
  entries: [
    entry(0, { type: "read-only-storage" }),
    entry(1, { type: "read-only-storage" }),
    entry(2, { type: "read-only-storage" }),
    entry(3, { type: "read-only-storage" }),
    entry(4, { type: "storage" }),
  ],
});

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
