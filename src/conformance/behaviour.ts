// What must not change a single bit: how tensors are grouped, windowed and recorded, and saving in mid-run. Every case
// runs the same steps twice, in two ways, and counts the elements that differ.
import { ParameterArena } from "../arena.js";
import { Optimizer } from "../optimizer.js";
import type { ParamGroupInput } from "../optimizer.js";
import type { Parameter } from "../gpu/tensor.js";
import type { AnyOptions } from "./bounds.js";
import { Random } from "./random.js";
import type { Measurement } from "./report.js";
import type { Scratch } from "./scratch.js";
import type { AnyRule } from "./variants.js";

const LENGTHS = [1, 3, 64, 257, 1000];
const STEPS = 5;

/** Tensors with the same contents at every call, their gradients changing from step to step. */
function tensors(scratch: Scratch, lengths: readonly number[] = LENGTHS) {
  return lengths.map((length, index) => {
    const random = new Random(index + 1);
    const param = scratch.buffer(random.normals(length));
    const gradients = Array.from({ length: STEPS }, () => random.normals(length));
    return { parameter: { name: `t${index}`, param, grad: scratch.buffer(length) }, gradients };
  });
}

type Tensors = ReturnType<typeof tensors>;

/** Writes the gradients of a step. */
function feed(scratch: Scratch, all: Tensors, step: number): void {
  for (const { parameter, gradients } of all) {
    scratch.device.queue.writeBuffer(parameter.grad, 0, gradients[step]!);
  }
}

/** Parameters and states, by name. */
type Outcome = Record<string, Float32Array>;

async function outcome(scratch: Scratch, optimizer: Optimizer<AnyOptions>, all: Tensors): Promise<Outcome> {
  const { state } = await optimizer.stateDict();
  const result: Outcome = {};
  for (const { parameter } of all) {
    result[`${parameter.name}/param`] = await scratch.read(parameter.param);
    for (const [slot, values] of Object.entries(state[parameter.name]!))
      result[`${parameter.name}/${slot}`] = values;
  }
  optimizer.destroy();
  return result;
}

/** Steps tensors from the start, and returns what became of them. */
async function run(
  scratch: Scratch,
  rule: AnyRule,
  groups: (parameters: Parameter[]) => Parameter[] | ParamGroupInput<AnyOptions>[] = (parameters) =>
    parameters,
  device: GPUDevice = scratch.device,
): Promise<Outcome> {
  const all = tensors(scratch);
  const optimizer = await Optimizer.create(device, groups(all.map(({ parameter }) => parameter)), rule);
  for (let step = 0; step < STEPS; step++) {
    feed(scratch, all, step);
    optimizer.step();
  }
  return outcome(scratch, optimizer, all);
}

/** Elements whose bits differ. */
function differing(a: Outcome, b: Outcome): Measurement[] {
  let count = 0;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [x, y] = [a[key], b[key]];
    if (x?.length !== y?.length || !x || !y) count += Math.max(x?.length ?? 1, y?.length ?? 1);
    else {
      const [p, q] = [
        new Uint32Array(x.buffer, x.byteOffset, x.length),
        new Uint32Array(y.buffer, y.byteOffset, y.length),
      ];
      count += p.reduce((sum, bits, i) => sum + (bits === q[i] ? 0 : 1), 0);
    }
  }
  return [{ quantity: "elements that differ", error: count, bound: 0, unit: "elements" }];
}

async function twice(scratch: Scratch, rule: AnyRule) {
  return differing(await run(scratch, rule), await run(scratch, rule));
}

async function besideOthers(scratch: Scratch, rule: AnyRule) {
  const alone: Outcome = {};
  for (let index = 0; index < LENGTHS.length; index++) {
    const one = tensors(scratch).slice(index, index + 1);
    const optimizer = await Optimizer.create(scratch.device, [one[0]!.parameter], rule);
    for (let step = 0; step < STEPS; step++) {
      feed(scratch, one, step);
      optimizer.step();
    }
    Object.assign(alone, await outcome(scratch, optimizer, one));
  }
  return differing(await run(scratch, rule), alone);
}

async function inAnotherOrder(scratch: Scratch, rule: AnyRule) {
  return differing(
    await run(scratch, rule),
    await run(scratch, rule, (parameters) => [...parameters].reverse()),
  );
}

async function inGroups(scratch: Scratch, rule: AnyRule) {
  const split = (parameters: Parameter[]) => [
    { params: parameters.slice(0, 2) },
    { params: parameters.slice(2) },
  ];
  return differing(await run(scratch, rule), await run(scratch, rule, split));
}

async function inAnArena(scratch: Scratch, rule: AnyRule) {
  const all = tensors(scratch);
  const shapes = Object.fromEntries(all.map(({ parameter }, index) => [parameter.name, [LENGTHS[index]!]]));
  const arena = new ParameterArena(scratch.device, shapes);
  try {
    for (const { parameter } of all) arena.write(parameter.name, await scratch.read(parameter.param));
    const optimizer = await Optimizer.create(scratch.device, arena.parameters, rule);
    for (let step = 0; step < STEPS; step++) {
      for (const { parameter, gradients } of all) {
        const { buffer, offset } = arena.get(parameter.name).grad;
        scratch.device.queue.writeBuffer(buffer, offset!, gradients[step]!);
      }
      optimizer.step();
    }
    const { state } = await optimizer.stateDict();
    const result: Outcome = {};
    for (const { parameter } of all) {
      result[`${parameter.name}/param`] = await arena.read(parameter.name);
      for (const [slot, values] of Object.entries(state[parameter.name]!))
        result[`${parameter.name}/${slot}`] = values;
    }
    optimizer.destroy();
    return differing(await run(scratch, rule), result);
  } finally {
    arena.destroy();
  }
}

/** A device whose binding limit is small, so that a small tensor is stepped in windows. */
function withSmallBindings(device: GPUDevice): GPUDevice {
  const limits = new Proxy(device.limits, {
    get: (target, key) =>
      key === "maxStorageBufferBindingSize" ? 2048 : (target as unknown as Record<PropertyKey, unknown>)[key],
  });
  return new Proxy(device, {
    get(target, key) {
      if (key === "limits") return limits;
      const value = (target as unknown as Record<PropertyKey, unknown>)[key];
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

async function inWindows(scratch: Scratch, rule: AnyRule) {
  const plain = await run(scratch, rule);
  return differing(plain, await run(scratch, rule, undefined, withSmallBindings(scratch.device)));
}

async function recorded(scratch: Scratch, rule: AnyRule) {
  const steps = async (record: boolean) => {
    const all = tensors(scratch);
    const optimizer = await Optimizer.create(
      scratch.device,
      all.map(({ parameter }) => parameter),
      rule,
    );
    feed(scratch, all, 0);
    const encoder = scratch.device.createCommandEncoder();
    for (let step = 0; step < STEPS; step++) {
      optimizer.paramGroups[0]!.lr = 0.1 / (step + 1);
      optimizer.step(record ? { encoder, gradScale: 1 + step } : { gradScale: 1 + step });
    }
    scratch.device.queue.submit([encoder.finish()]);
    return outcome(scratch, optimizer, all);
  };
  return differing(await steps(false), await steps(true));
}

async function groupChanges(scratch: Scratch, rule: AnyRule) {
  const steps = async (late: boolean) => {
    const all = tensors(scratch);
    const [first, second] = [all.slice(0, 2), all.slice(2)].map((some) =>
      some.map(({ parameter }) => parameter),
    );
    const groups = late ? [{ params: first! }] : [{ params: first! }, { params: second!, frozen: true }];
    const optimizer = await Optimizer.create<AnyOptions>(scratch.device, groups, rule);
    for (let step = 0; step < STEPS; step++) {
      feed(scratch, all, step);
      if (step === 2 && late) await optimizer.addParamGroup({ params: second! });
      if (step === 2 && !late) optimizer.paramGroups[1]!.frozen = false;
      optimizer.step();
    }
    return outcome(scratch, optimizer, all);
  };
  return differing(await steps(false), await steps(true));
}

async function savedInMidRun(scratch: Scratch, rule: AnyRule) {
  const all = tensors(scratch);
  const parameters = all.map(({ parameter }) => parameter);
  let optimizer = await Optimizer.create(scratch.device, parameters, rule);
  for (let step = 0; step < STEPS; step++) {
    feed(scratch, all, step);
    optimizer.step();
    if (step !== 2) continue;
    const saved = structuredClone(await optimizer.stateDict());
    optimizer.destroy();
    optimizer = await Optimizer.create(scratch.device, [...parameters].reverse(), rule);
    optimizer.loadStateDict(saved);
  }
  return differing(await run(scratch, rule), await outcome(scratch, optimizer, all));
}

/** By name, what is run in two ways. */
export const behaviours = {
  "the same run twice": twice,
  "beside other tensors, and alone": besideOthers,
  "in another order": inAnotherOrder,
  "in two groups": inGroups,
  "in an arena": inAnArena,
  "in windows of 2 KiB": inWindows,
  "recorded, and submitted": recorded,
  "unfrozen, and added later": groupChanges,
  "saved and loaded in mid-run": savedInMidRun,
};
