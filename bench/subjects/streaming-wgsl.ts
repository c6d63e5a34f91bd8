// WGSL of the streaming kernels: what moves through the state of a rule with these slots. Each slot takes the value of
// the next, the last one the gradient, and what falls out of the first is subtracted from the parameter: without this
// one subtraction a load would be dead, and a compiler may drop a store of what was loaded from the same place.
import type { RuleOptions, UpdateRule } from "webgpu-optim";
import { slotsOf } from "../rules";
import streamingByHandWgsl from "./streaming-by-hand.wgsl?raw";

const struct = (name: string, members: readonly string[], type: string) =>
  `struct ${name} {\n${members.map((member) => `  ${member}: ${type},\n`).join("")}}\n`;

/** The state after a step: `slots` shifted by one, with the gradient behind. */
const shifted = (slots: readonly string[], state: string) =>
  [...slots.slice(1).map((slot) => `${state}.${slot}`), "grad"].join(", ");

/** In place of a rule's own WGSL: the same State and Scalars, and no arithmetic. */
export function mirrorWgsl(rule: UpdateRule<RuleOptions>): string {
  const slots = slotsOf(rule);
  const scalars = struct("Scalars", rule.scalars, "f32");
  if (slots.length === 0) {
    return `${scalars}
fn update(param: vec4f, grad: vec4f, scalars: Scalars) -> vec4f {
  return grad;
}
`;
  }
  return `${struct("State", slots, "vec4f")}
${scalars}
fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update {
  return Update(state.${slots[0]!}, State(${shifted(slots, "state")}));
}
`;
}

/** How the kernel written by hand keeps the state: a struct of all slots, or a buffer for each. */
export type StateForm = "interleaved" | "apart";

/** The kernel written by hand, for so many slots. */
export function byHandWgsl(slotCount: number, form: StateForm): string {
  const slots = Array.from({ length: slotCount }, (_, index) => `slot${index}`);
  return `${slotCount === 0 ? "" : form === "interleaved" ? interleaved(slots) : apart(slots)}
${slotCount === 0 ? "fn moveState(grad: vec4f, at: u32) -> vec4f {\n  return grad;\n}\n" : ""}
${streamingByHandWgsl}`;
}

const interleaved = (slots: readonly string[]) => `${struct("State", slots, "vec4f")}
@group(0) @binding(2) var<storage, read_write> states: array<State>;

fn moveState(grad: vec4f, at: u32) -> vec4f {
  let state = states[at];
  states[at] = State(${shifted(slots, "state")});
  return state.${slots[0]!};
}
`;

const apart = (slots: readonly string[]) => `${slots
  .map((slot, index) => `@group(0) @binding(${index + 2}) var<storage, read_write> ${slot}: array<vec4f>;\n`)
  .join("")}
fn moveState(grad: vec4f, at: u32) -> vec4f {
${slots.map((slot) => `  let old_${slot} = ${slot}[at];\n`).join("")}${slots
  .map(
    (slot, index) => `  ${slot}[at] = ${index + 1 < slots.length ? `old_${slots[index + 1]!}` : "grad"};\n`,
  )
  .join("")}  return old_${slots[0]!};
}
`;
