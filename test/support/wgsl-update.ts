// Runs a rule's WGSL `update` in node, by wgsl_reflect's interpreter: floats are stored as float32 between operations
// on buffers and computed in float64 inside an expression, so that it is a check of the formula, not of rounding.
import { WgslExec, WgslParser } from "wgsl_reflect/wgsl_reflect.module.js";
import type { AnyRule } from "../../src/conformance/variants";

/** Elements of one step, four to a vec4f. */
export type Elements = { param: Float32Array; grad: Float32Array; state: Record<string, Float32Array> };

/** The new parameters are those of `param` less this; the state is that after the step. */
export type Updated = { delta: Float32Array; state: Record<string, Float32Array> };

/** A kernel that calls `update` for each vec4f and writes all it returns side by side. */
function wrapperOf(slots: readonly string[]): string {
  const width = slots.length + 2;
  const bindings = `
@group(0) @binding(0) var<uniform> scalars: Scalars;
@group(0) @binding(1) var<storage, read> inputs: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> outputs: array<vec4f>;
@compute @workgroup_size(1, 1, 1)`;
  if (slots.length === 0) {
    return `${bindings}
fn evaluate(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x * ${width}u;
  outputs[at] = update(inputs[at], inputs[at + 1u], scalars);
}`;
  }
  const state = slots.map((_, slot) => `inputs[at + ${slot + 2}u]`).join(", ");
  const outputs = slots.map((slot, index) => `outputs[at + ${index + 1}u] = result.state.${slot};`);
  return `
struct Update {
  delta: vec4f,
  state: State,
}
${bindings}
fn evaluate(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x * ${width}u;
  let result = update(inputs[at], inputs[at + 1u], State(${state}), scalars);
  outputs[at] = result.delta;
  ${outputs.join("\n  ")}
}`;
}

/** Calls the rule's `update` on elements whose number is a multiple of 4. */
export function runUpdate(
  rule: AnyRule,
  context: Parameters<AnyRule["hostScalars"]>[1],
  { param, grad, state }: Elements,
): Updated {
  const slots = rule.stateSlots(rule.defaults);
  const columns = [param, grad, ...slots.map((slot) => state[slot]!)];
  const [vectors, width] = [param.length / 4, columns.length];
  const inputs = new Float32Array(param.length * width);
  columns.forEach((values, column) => {
    values.forEach((value, i) => (inputs[(Math.floor(i / 4) * width + column) * 4 + (i % 4)] = value));
  });
  const outputs = new Float32Array(inputs.length);
  const host = rule.hostScalars(rule.defaults, context);
  const scalars = Float32Array.from(rule.scalars, (name) => host[name]!);
  const exec = new WgslExec(new WgslParser().parse(rule.wgsl(rule.defaults) + wrapperOf(slots)));
  exec.dispatchWorkgroups("evaluate", [vectors, 1, 1], {
    0: { 0: { uniform: scalars }, 1: inputs, 2: outputs },
  });
  const column = (index: number) =>
    Float32Array.from(param, (_, i) => outputs[(Math.floor(i / 4) * width + index) * 4 + (i % 4)]!);
  return {
    delta: column(0),
    state: Object.fromEntries(slots.map((slot, index) => [slot, column(index + 1)])),
  };
}
