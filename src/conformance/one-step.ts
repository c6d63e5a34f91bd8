// One step of a kernel against the float64 reference, element by element, parameters and states.
import { Optimizer } from "../optimizer.js";
import type { StateDict } from "../state-dict.js";
import { boundedRule, stepBounds, type BoundedRule } from "./bounds.js";
import type { Start } from "./inputs.js";
import { around, type Measurement } from "./report.js";
import type { Scratch } from "./scratch.js";
import type { AnyRule } from "./variants.js";

/**
 * Steps once on the GPU from a given start, and measures every element against its bound.
 * @param options bounded: how the bounds are made, default as the registry's rule of that name; breathe: called now and
 * then, so that a page stays alive
 */
export async function measureStep(
  scratch: Scratch,
  rule: AnyRule,
  start: Start,
  {
    bounded = boundedRule(rule.name),
    breathe,
  }: { bounded?: BoundedRule; breathe?: () => Promise<void> } = {},
): Promise<Measurement[]> {
  const [param, grad] = [scratch.buffer(start.param), scratch.buffer(start.grad)];
  const optimizer = await Optimizer.create(scratch.device, [{ name: "tensor", param, grad }], rule);
  try {
    optimizer.loadStateDict(savedStart(rule, start));
    optimizer.step({ gradScale: start.gradScale });
    const { state } = await optimizer.stateDict();
    return await compare(
      rule,
      bounded,
      start,
      { param: await scratch.read(param), ...state.tensor },
      breathe,
    );
  } finally {
    optimizer.destroy();
  }
}

function savedStart(rule: AnyRule, { step, memory, state }: Start): StateDict {
  const group = { options: {}, step, params: ["tensor"], memory: { ...memory } };
  return { format: "webgpu-optim", version: 1, rule: rule.name, groups: [group], state: { tensor: state } };
}

/** The worst element of each quantity; a NaN is worse than anything. */
async function compare(
  rule: AnyRule,
  bounded: BoundedRule,
  start: Start,
  actual: Record<string, Float32Array>,
  breathe: (() => Promise<void>) | undefined,
): Promise<Measurement[]> {
  const { param, grad, state, step, memory, gradScale } = start;
  const lr = rule.defaults.lr as number;
  const update = rule.reference(rule.defaults, { lr, step: step + 1, gradScale, memory });
  const slots = Object.keys(state);
  const expected = Object.fromEntries(
    ["param", ...slots].map((key) => [key, new Float64Array(param.length)]),
  );
  const worst = new Map<string, Measurement>();
  for (let i = 0; i < param.length; i++) {
    if (i % 32768 === 32767) await breathe?.();
    const before = Object.fromEntries(slots.map((slot) => [slot, state[slot]![i]!]));
    const reference = (gradient: number) => {
      const after = { ...before };
      const delta = update(param[i]!, gradient, after);
      return { param: param[i]! - delta, state: after };
    };
    const element = {
      param: param[i]!,
      grad: grad[i]!,
      before,
      reference,
      lr,
      step: step + 1,
      gradScale,
      memory,
    };
    const bounds = stepBounds(bounded, rule.defaults, element);
    const after = reference(grad[i]!);
    expected.param![i] = after.param;
    note(
      worst,
      "param",
      i,
      Math.abs(actual.param![i]! - after.param),
      bounds.param,
      bounds.param,
      "of bound",
    );
    for (const slot of slots) {
      expected[slot]![i] = after.state[slot]!;
      const error = Math.abs(actual[slot]![i]! - after.state[slot]!);
      note(worst, slot, i, error, bounds.state[slot]!, bounds.unit[slot]!, "ulp");
    }
  }
  return [...worst].map(([quantity, measurement]) => {
    const at = around(measurement.at!.index, actual[quantity]!, expected[quantity]!);
    return { ...measurement, ...(at ? { at } : {}) };
  });
}

function note(
  worst: Map<string, Measurement>,
  quantity: string,
  index: number,
  error: number,
  bound: number,
  unitSize: number,
  unit: Measurement["unit"],
): void {
  const used = error / bound;
  const known = worst.get(quantity);
  if (known && used <= known.error / known.bound) return;
  const at = { index, first: index, actual: [], expected: [] };
  worst.set(quantity, { quantity, error: error / unitSize, bound: bound / unitSize, unit, at });
}
