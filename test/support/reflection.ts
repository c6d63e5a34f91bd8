// Whether a rule's TypeScript and its WGSL agree, by name and order, as wgsl_reflect reads the composed kernel.
import { WgslReflect, type StructInfo, type VariableInfo } from "wgsl_reflect/wgsl_reflect.module.js";
import type { AnyRule } from "../../src/conformance/variants";
import { SEGMENT_WORDS } from "../../src/gpu/launch-plan";
import { BINDINGS, stepWgslOf, type Variant } from "../../src/gpu/pipelines";

/** Name, access and type of each binding, by variant. Rules without state have no states. */
const EXPECTED: Record<Variant, [name: keyof typeof BINDINGS, access: string, type: string][]> = {
  separate: [
    ["scalars", "read", "Scalars"],
    ["segments", "read", "array<Segment>"],
    ["states", "read_write", "array<State>"],
    ["params", "read_write", "array<f32>"],
    ["grads", "read", "array<f32>"],
  ],
  shared: [
    ["scalars", "read", "Scalars"],
    ["segments", "read", "array<Segment>"],
    ["states", "read_write", "array<State>"],
    ["memory", "read_write", "array<f32>"],
  ],
};

/** What the rule's function must look like to the kernel around it. */
const UPDATE = "update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update";
const STATELESS_UPDATE = "update(param: vec4f, grad: vec4f, scalars: Scalars) -> vec4f";

const membersOf = (struct: StructInfo | null) =>
  (struct?.members ?? []).map(({ name, type }) => `${name}: ${type.getTypeName()}`);

const bindingOf = ({ name, group, binding, access, type, format }: VariableInfo) =>
  `@group(${group}) @binding(${binding}) ${name}, ${access}: ${format ? `array<${format.name}>` : type.name}`;

/**
 * Every disagreement between a rule and its kernel; none is the contract.
 * @param rule its scalars, slots and WGSL are what is checked
 */
export function disagreements(rule: AnyRule, variant: Variant): string[] {
  const slots = rule.stateSlots(rule.defaults);
  const stateless = slots.length === 0;
  const reflection = new WgslReflect(stepWgslOf({ wgsl: rule.wgsl(rule.defaults), stateless, variant }));
  const found: string[] = [];
  const compare = (what: string, wgsl: readonly string[], host: readonly string[]) => {
    if (wgsl.join() !== host.join()) {
      found.push(`${what}: WGSL has [${wgsl.join(", ")}], the host has [${host.join(", ")}]`);
    }
  };
  const scalars = reflection.getStructInfo("Scalars");
  const names = rule.scalars;
  compare(
    "struct Scalars",
    membersOf(scalars),
    names.map((name) => `${name}: f32`),
  );
  compare(
    "offsets of Scalars",
    (scalars?.members ?? []).map(({ offset }) => String(offset)),
    names.map((_, index) => String(4 * index)),
  );
  compare(
    "struct State",
    membersOf(reflection.getStructInfo("State")),
    slots.map((slot) => `${slot}: vec4f`),
  );
  const words = ["param", "grad", "state", "length", "row"].slice(0, SEGMENT_WORDS);
  compare(
    "struct Segment",
    membersOf(reflection.getStructInfo("Segment")),
    words.map((word) => `${word}: u32`),
  );
  compare(
    "struct Update",
    membersOf(reflection.getStructInfo("Update")),
    stateless ? [] : ["delta: vec4f", "state: State"],
  );

  const bindings = [...reflection.uniforms, ...reflection.storage].map(bindingOf).sort();
  const expected = EXPECTED[variant]
    .filter(([name]) => name !== "states" || !stateless)
    .map(([name, access, type]) => `@group(0) @binding(${BINDINGS[name]}) ${name}, ${access}: ${type}`);
  compare("bindings", bindings, expected.sort());
  const others = [...reflection.textures, ...reflection.samplers, ...reflection.immediates];
  compare(
    "other resources",
    others.map(({ name }) => name),
    [],
  );
  compare(
    "overrides",
    reflection.overrides.map(({ name, type }) => `${name}: ${type?.name}`),
    ["WORKGROUP_SIZE: u32"],
  );

  const { compute, vertex, fragment } = reflection.entry;
  compare(
    "entry points",
    [...compute, ...vertex, ...fragment].map(
      ({ name, stage, workgroupSize }) => `${stage} ${name} of ${workgroupSize?.join(" × ")}`,
    ),
    ["compute step of 64 × 1 × 1"],
  );
  const update = reflection.getFunctionInfo("update");
  const parameters = update?.arguments.map(({ name, type }) => `${name}: ${type.getTypeName()}`).join(", ");
  compare(
    "update",
    [`update(${parameters}) -> ${update?.returnType?.getTypeName()}`],
    [stateless ? STATELESS_UPDATE : UPDATE],
  );
  return found;
}
