// Runs a rule's WGSL `update` by wgsl_reflect's interpreter beside its reference function. The interpreter computes
// expressions in float64, so that this is a check of the formula, not of rounding.
import { WgslExec, WgslParser } from "wgsl_reflect/wgsl_reflect.module.js";
import type { RuleOptions, StepContext, UpdateRule } from "../rule.js";

/** Steps at which the two are compared: the first, the second, and a late one. */
const STEPS = [1, 2, 100];
/** Elements of a comparison, a multiple of 4. */
const LENGTH = 16;
/** Relative difference, to the largest value of the quantity, that float32 inputs and outputs may leave. */
const TOLERANCE = 1e-5;

/** Quantities that are no state. */
const WHAT: Record<string, string> = {
  delta: "what update subtracts",
  stepSize: "the stepSize of effectiveStep",
};

type Columns = Record<string, Float32Array>;

/** One line for each quantity that differs, with the first element that does. */
export function formulaDisagreements<O extends RuleOptions>(rule: UpdateRule<O>): string[] {
  const found: string[] = [];
  for (const step of STEPS) {
    const memory = memoryBefore(rule, step);
    const lr = typeof rule.defaults.lr === "number" ? rule.defaults.lr : rule.defaults.lr(step - 1);
    const context = { lr, step, gradScale: 0.5, memory };
    const before = elementsBefore(rule, step);
    const actual = runUpdate(rule, context, before);
    const expected = runReference(rule, context, before);
    for (const [quantity, values] of Object.entries(expected)) {
      const scale = Math.max(...values.map(Math.abs));
      const index = values.findIndex(
        (value, i) => !(Math.abs(actual[quantity]![i]! - value) <= TOLERANCE * scale),
      );
      if (index >= 0) {
        const what = WHAT[quantity] ?? `${quantity} after update`;
        found.push(
          `${rule.name}: ${what} at step ${step}, element ${index}: the WGSL has ${actual[quantity]![index]}, the ` +
            `reference ${values[index]}`,
        );
      }
    }
  }
  return found;
}

function memoryBefore<O extends RuleOptions>(rule: UpdateRule<O>, step: number): StepContext["memory"] {
  let memory = rule.memory ?? {};
  for (let t = 1; t < step; t++) {
    memory = rule.remember?.(rule.defaults, { lr: 0, step: t, gradScale: 1, memory }) ?? memory;
  }
  return memory;
}

/** Parameters, gradients and state that differ from element to element, the state positive. */
function elementsBefore<O extends RuleOptions>(rule: UpdateRule<O>, step: number): Columns {
  const wave = (phase: number) => Float32Array.from({ length: LENGTH }, (_, i) => Math.sin(7 * i + phase));
  const slots = rule.stateSlots(rule.defaults);
  const state = slots.map((slot, index) => {
    return [
      slot,
      step === 1 ? new Float32Array(LENGTH) : wave(index + 3).map((value) => 0.2 + value * value),
    ];
  });
  return { param: wave(1), grad: wave(2), ...(Object.fromEntries(state) as Columns) };
}

function runReference<O extends RuleOptions>(rule: UpdateRule<O>, context: StepContext, before: Columns) {
  const update = rule.reference(rule.defaults, context);
  const effectiveStep = rule.effectiveStep?.(rule.defaults, context);
  const slots = rule.stateSlots(rule.defaults);
  const after: Record<string, number[]> = {
    delta: [],
    ...Object.fromEntries(slots.map((slot) => [slot, []])),
    ...(effectiveStep && { stepSize: [] }),
  };
  for (let i = 0; i < LENGTH; i++) {
    const state = Object.fromEntries(slots.map((slot) => [slot, before[slot]![i]!]));
    after.delta!.push(update(before.param![i]!, before.grad![i]!, state));
    for (const slot of slots) after[slot]!.push(state[slot]!);
    after.stepSize?.push(effectiveStep!(state).stepSize);
  }
  return after;
}

/** A kernel that calls `update` for each vec4f and writes all it returns side by side. */
function wrapperOf(slots: readonly string[], hasSteps: boolean): string {
  const width = slots.length + 2;
  const last = `outputs[at + ${width - 1}u]`;
  const state = slots.map((_, slot) => `inputs[at + ${slot + 2}u]`).join(", ");
  const stateful = `let result = update(inputs[at], inputs[at + 1u], State(${state}), scalars);
  outputs[at] = result.delta;
  ${slots.map((slot, index) => `outputs[at + ${index + 1}u] = result.state.${slot};`).join("\n  ")}
  ${hasSteps ? `let effective = effectiveStep(result.state, scalars);\n  ${last} = effective.stepSize;` : ""}`;
  const stateless = "outputs[at] = update(inputs[at], inputs[at + 1u], scalars);";
  return `
${slots.length > 0 ? "struct Update { delta: vec4f, state: State, }" : ""}
struct EffectiveStep { stepSize: vec4f, capped: vec4<bool>, }
@group(0) @binding(0) var<uniform> scalars: Scalars;
@group(0) @binding(1) var<storage, read> inputs: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> outputs: array<vec4f>;
@compute @workgroup_size(1, 1, 1)
fn evaluate(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x * ${width}u;
  ${slots.length > 0 ? stateful : stateless}
}`;
}

function runUpdate<O extends RuleOptions>(
  rule: UpdateRule<O>,
  context: StepContext,
  before: Columns,
): Columns {
  const slots = rule.stateSlots(rule.defaults);
  const columns = [before.param!, before.grad!, ...slots.map((slot) => before[slot]!)];
  const width = columns.length;
  const place = (column: number, i: number) => (Math.floor(i / 4) * width + column) * 4 + (i % 4);
  const inputs = new Float32Array(LENGTH * width);
  columns.forEach((values, column) => {
    values.forEach((value, i) => (inputs[place(column, i)] = value));
  });
  const outputs = new Float32Array(inputs.length);
  const host = rule.hostScalars(rule.defaults, context);
  const scalars = Float32Array.from(rule.scalars, (name) => host[name]!);
  const exec = new WgslExec(
    new WgslParser().parse(rule.wgsl(rule.defaults) + wrapperOf(slots, rule.effectiveStep !== undefined)),
  );
  exec.dispatchWorkgroups("evaluate", [LENGTH / 4, 1, 1], {
    0: { 0: { uniform: scalars }, 1: inputs, 2: outputs },
  });
  const column = (index: number) =>
    Float32Array.from({ length: LENGTH }, (_, i) => outputs[place(index, i)]!);
  const state = slots.map((slot, index) => [slot, column(index + 1)] as const);
  return { delta: column(0), ...Object.fromEntries(state), stepSize: column(width - 1) };
}
