// An optimizer in mid-run with two groups, for tests that show what does and does not change.
import { expect, vi } from "vitest";
import { Optimizer, type OptimizerOptions, type Parameter, type StateDict } from "webgpu-optim";
import type { Gpu } from "./gpu";
import { Random } from "./random";
import { expectRefused, watchCalls, type ErrorClass } from "./refusals";
import type { FamilyOptions, SomeRule } from "./rules";

/** Everything that a step may change. */
export type Snapshot = { params: Float32Array[]; grads: Float32Array[]; saved: StateDict };

/** Options of a param group by name. */
export type AnyOptions = Record<string, unknown>;

/** Two groups: "a" and "b" of 5 and 3 elements, "c" of 4. */
export type Stepped = {
  optimizer: Optimizer<FamilyOptions>;
  /** "a", "b" and "c". */
  parameters: [Parameter, Parameter, Parameter];
  /** The options of a group, to be changed. */
  options: (group: number) => AnyOptions;
  snapshot: () => Promise<Snapshot>;
};

/** Creates an optimizer over two groups of random values and steps it once. */
export async function stepped(
  gpu: Gpu,
  rule: SomeRule,
  groupOptions: [object, object] = [{}, {}],
  optimizerOptions: OptimizerOptions = {},
): Promise<Stepped> {
  const random = new Random(17);
  const buffers = [5, 3, 4].map((length) => ({
    param: gpu.buffer(random.normals(length)),
    grad: gpu.buffer(random.normals(length)),
  }));
  const [a, b, c] = ["a", "b", "c"].map((name, i) => ({ name, ...buffers[i]! })) as [
    Parameter,
    Parameter,
    Parameter,
  ];
  const groups = [
    { params: [a, b], ...groupOptions[0] },
    { params: [c], ...groupOptions[1] },
  ];
  const optimizer = await Optimizer.create(gpu.device, groups, rule, optimizerOptions);
  optimizer.step();
  const snapshot = async () => ({
    params: await Promise.all(buffers.map(({ param }) => gpu.read(param))),
    grads: await Promise.all(buffers.map(({ grad }) => gpu.read(grad))),
    saved: await optimizer.stateDict(),
  });
  const options = (group: number) => optimizer.paramGroups[group] as unknown as AnyOptions;
  return { optimizer, parameters: [a, b, c], options, snapshot };
}

/** What to do wrong before a step, and how to undo it. */
export type Mistake = { make: () => void; undo: () => void };

/** The mistake of assigning an option to the second group. */
export function assigning({ options }: Stepped, option: string, value: unknown): Mistake {
  const group = options(1);
  const before = group[option];
  return { make: () => (group[option] = value), undo: () => (group[option] = before) };
}

/**
 * Expects step() in its three forms to throw after a mistake: nothing is created, written, encoded or submitted, nothing
 * changes, and once the mistake is undone the optimizer steps on.
 */
export async function expectStepRefused(
  gpu: Gpu,
  { optimizer, snapshot }: Stepped,
  { make, undo }: Mistake,
  type: ErrorClass,
  ...texts: string[]
): Promise<void> {
  const { device } = gpu;
  const before = await snapshot();
  const counts = optimizer.paramGroups.map(({ step }) => step);
  const encoder = device.createCommandEncoder();
  const passEncoder = device.createCommandEncoder();
  const pass = passEncoder.beginComputePass();
  const spies = [
    vi.spyOn(encoder, "beginComputePass"),
    vi.spyOn(pass, "setPipeline"),
    vi.spyOn(pass, "setBindGroup"),
    vi.spyOn(pass, "dispatchWorkgroups"),
  ];

  make();
  const calls = watchCalls(device);
  for (const options of [{}, { encoder }, { pass }]) {
    await expectRefused(
      () => {
        optimizer.step(options);
      },
      type,
      ...texts,
    );
  }
  expect(calls.stop(), "calls on the device").toEqual([]);
  for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  expect(optimizer.paramGroups.map(({ step }) => step)).toEqual(counts);
  undo();

  pass.end();
  device.queue.submit([encoder.finish(), passEncoder.finish()]);
  expect(await snapshot()).toEqual(before);
  optimizer.step();
  expect(optimizer.paramGroups.map(({ step }) => step)).toEqual(counts.map((count) => count + 1));
}
