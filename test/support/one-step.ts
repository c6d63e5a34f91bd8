// Holds one step of a kernel against the float64 reference by the bounds of src/conformance.
import { Optimizer } from "webgpu-optim";
import type { StateDict } from "webgpu-optim";
import { stepBounds } from "../../src/conformance/bounds";
import type { Gpu } from "./gpu";
import type { SomeRule } from "./rules";

/** Parameters, gradients and state from which a step is taken. */
export type Start = {
  param: Float32Array;
  grad: Float32Array;
  state: Record<string, Float32Array>;
  /** Completed steps. */
  step: number;
  gradScale: number;
};

/** The worst of one quantity: how much of its bound the error used, and where. */
export type Worst = { used: number; index: number; actual: number; expected: number };

/** By "param" and by slot; `used` above 1 breaks the contract. */
export type Report = Record<string, Worst>;

/** Steps once on the GPU from a given start, and measures every element against its bound. */
export async function measureStep(gpu: Gpu, rule: SomeRule, start: Start): Promise<Report> {
  const { param, grad, step, gradScale } = start;
  const [paramBuffer, gradBuffer] = [gpu.buffer(param), gpu.buffer(grad)];
  const optimizer = await Optimizer.create(
    gpu.device,
    [{ name: "tensor", param: paramBuffer, grad: gradBuffer }],
    rule,
  );
  const saved: StateDict = {
    format: "webgpu-optim",
    version: 1,
    rule: rule.name,
    groups: [{ options: {}, step, params: ["tensor"] }],
    state: { tensor: start.state },
  };
  optimizer.loadStateDict(saved);
  optimizer.step({ gradScale });
  const actual = { param: await gpu.read(paramBuffer), ...(await optimizer.stateDict()).state.tensor };
  optimizer.destroy();
  return compare(rule, start, actual);
}

function compare(
  rule: SomeRule,
  { param, grad, state, step, gradScale }: Start,
  actual: Record<string, Float32Array>,
): Report {
  const options = rule.defaults;
  const lr = options.lr as number;
  const update = rule.reference(options, { lr, step: step + 1, gradScale });
  const slots = Object.keys(state);
  const report: Report = {};
  const note = (what: string, index: number, expected: number, bound: number) => {
    const value = actual[what]![index]!;
    const used = Math.abs(value - expected) / bound;
    // A NaN compares false with everything: it must count as the worst.
    if (!(used <= (report[what]?.used ?? -1))) report[what] = { used, index, actual: value, expected };
  };
  for (let i = 0; i < param.length; i++) {
    const before = Object.fromEntries(slots.map((slot) => [slot, state[slot]![i]!]));
    const reference = (gradient: number) => {
      const after = { ...before };
      const delta = update(param[i]!, gradient, after);
      return { param: param[i]! - delta, state: after };
    };
    const element = { param: param[i]!, grad: grad[i]!, before, reference, lr, step: step + 1, gradScale };
    const bounds = stepBounds(rule.name, options, element);
    const expected = reference(grad[i]!);
    note("param", i, expected.param, bounds.param);
    for (const slot of slots) note(slot, i, expected.state[slot]!, bounds.state[slot]!);
  }
  return report;
}

/** The quantities of a report that broke their bound, as lines to be shown. */
export function violations(report: Report): string[] {
  return Object.entries(report)
    .filter(([, { used }]) => !(used <= 1))
    .map(
      ([what, { used, index, actual, expected }]) =>
        `${what}[${index}]: actual ${actual}, expected ${expected}, ${(used * 100).toFixed(0)} % of the bound`,
    );
}
