// A small model of named tensors whose gradients depend on name and step alone, so that runs in several pieces, layouts
// and orders can be compared.
import { Optimizer, ParameterArena, type ArenaBindings } from "webgpu-optim";
import { ReferenceOptimizer, type ReferenceParameter } from "webgpu-optim/reference";
import type { Gpu } from "./gpu";
import { Random } from "./random";
import type { FamilyOptions, SomeRule } from "./rules";

/** Elements by name; lengths beside and across the blocks of the state, and none. */
export const LENGTHS = { w1: 70, b1: 1, none: 0, w2: 257, b2: 5 };

export type Name = keyof typeof LENGTHS;
export const NAMES = Object.keys(LENGTHS) as Name[];

/** Which tensors are in which group, with what options. */
export type Layout = ({ names: Name[] } & Record<string, unknown>)[];

/** A float32 array for each tensor. */
export type Values = Record<Name, Float32Array>;

const seedOf = (name: Name, step: number) => 1000 * (NAMES.indexOf(name) + 1) + step;

export const initialValue = (name: Name): Float32Array => new Random(seedOf(name, 0)).normals(LENGTHS[name]);

/** The gradient of a tensor at a step, counted from 1. */
export const gradientOf = (name: Name, step: number): Float32Array =>
  new Random(seedOf(name, step)).normals(LENGTHS[name]);

export type Model = {
  optimizer: Optimizer<FamilyOptions>;
  bindings: Record<Name, ArenaBindings>;
  /** Takes steps `from` to `to`, both included, each with its gradients. */
  train: (from: number, to: number) => void;
  /** Writes the gradients of a step. */
  differentiate: (step: number) => void;
  values: () => Promise<Values>;
};

/** Where the tensors lie: each in buffers of its own, or all in a ParameterArena. */
export type Memory = "separate buffers" | "an arena";

/** Makes a model of given values, or of the initial ones. */
export async function makeModel(
  gpu: Gpu,
  rule: SomeRule,
  layout: Layout,
  memory: Memory = "separate buffers",
  values: Partial<Values> = {},
): Promise<Model> {
  const names = layout.flatMap((group) => group.names);
  const bindings = memory === "an arena" ? inArena(gpu, names) : inBuffers(gpu, names);
  const { queue } = gpu.device;
  const write = ({ buffer, offset }: GPUBufferBinding, floats: Float32Array) => {
    queue.writeBuffer(buffer, offset ?? 0, floats as Float32Array<ArrayBuffer>);
  };
  for (const name of names) write(bindings[name].param, values[name] ?? initialValue(name));
  const groups = layout.map(({ names: own, ...options }) => ({
    params: own.map((name) => ({ name, ...bindings[name] })),
    ...options,
  }));
  const optimizer = await Optimizer.create(gpu.device, groups, rule);
  const differentiate = (step: number) => {
    for (const name of names) write(bindings[name].grad, gradientOf(name, step));
  };
  const train = (from: number, to: number) => {
    for (let step = from; step <= to; step++) {
      differentiate(step);
      optimizer.step();
    }
  };
  const readOne = async (name: Name) => {
    const { buffer, offset } = bindings[name].param;
    return [name, await gpu.read(buffer, offset! / 4, LENGTHS[name])] as const;
  };
  const read = async () => Object.fromEntries(await Promise.all(names.map(readOne))) as Values;
  return { optimizer, bindings, train, differentiate, values: read };
}

function inBuffers(gpu: Gpu, names: Name[]): Record<Name, ArenaBindings> {
  const make = (name: Name) => ({ buffer: gpu.buffer(LENGTHS[name]), offset: 0, size: LENGTHS[name] * 4 });
  const entries = names.map((name) => [name, { param: make(name), grad: make(name) }]);
  return Object.fromEntries(entries) as Record<Name, ArenaBindings>;
}

function inArena(gpu: Gpu, names: Name[]): Record<Name, ArenaBindings> {
  const shapes = Object.fromEntries(names.map((name) => [name, [LENGTHS[name]]]));
  const arena = new ParameterArena(gpu.device, shapes);
  gpu.own(arena.paramBuffer);
  gpu.own(arena.gradBuffer);
  return Object.fromEntries(names.map((name) => [name, arena.get(name)])) as Record<Name, ArenaBindings>;
}

/** The same model over ReferenceOptimizer. */
export type ReferenceModel = {
  optimizer: ReferenceOptimizer<FamilyOptions>;
  train: (from: number, to: number) => void;
  values: Record<Name, Float64Array>;
};

/** Makes the model in float64, from the initial values. */
export function makeReference(rule: SomeRule, layout: Layout): ReferenceModel {
  const names = layout.flatMap((group) => group.names);
  const tensors = names.map((name) => {
    const param = Float64Array.from(initialValue(name));
    return [name, { name, param, grad: gradientOf(name, 1) }] as const;
  });
  const parameters = Object.fromEntries(tensors) as Record<Name, ReferenceParameter>;
  const groups = layout.map(({ names: own, ...options }) => ({
    params: own.map((name) => parameters[name]),
    ...options,
  }));
  const optimizer = new ReferenceOptimizer(groups, rule);
  const train = (from: number, to: number) => {
    for (let step = from; step <= to; step++) {
      for (const name of names) parameters[name].grad = gradientOf(name, step);
      optimizer.step();
    }
  };
  const values = Object.fromEntries(tensors.map(([name, { param }]) => [name, param]));
  return { optimizer, train, values: values as ReferenceModel["values"] };
}

/** The largest difference between the tensors of two models. */
export function distance(
  actual: Record<string, Float32Array | Float64Array>,
  expected: Record<string, Float32Array | Float64Array>,
): number {
  let worst = 0;
  for (const name of Object.keys(expected)) {
    expected[name]!.forEach((value, i) => {
      const error = Math.abs(actual[name]![i]! - value);
      // A NaN compares false with everything: it must count as the worst.
      if (!(error <= worst)) worst = error;
    });
  }
  return worst;
}
