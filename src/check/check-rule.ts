// Tells the author of a rule where its WGSL and its TypeScript disagree: names and order by reflection, and the formula
// by running both. Needs no GPU. It is an entry point of its own, because wgsl_reflect is larger than the package.
import { WgslReflect, type StructInfo } from "wgsl_reflect/wgsl_reflect.module.js";
import { stepWgslOf } from "../gpu/pipelines.js";
import type { RuleOptions, UpdateRule } from "../rule.js";
import { formulaDisagreements } from "./formula.js";

const membersOf = (struct: StructInfo | null) =>
  (struct?.members ?? []).map(({ name, type }) => `${name}: ${type.getTypeName()}`);

/** What `update` must look like to the kernel around it. */
const STATEFUL = "update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update";
const EFFECTIVE_STEP = "effectiveStep(state: State, scalars: Scalars) -> EffectiveStep";
const STATELESS = "update(param: vec4f, grad: vec4f, scalars: Scalars) -> vec4f";

/**
 * Where a rule's WGSL and its TypeScript disagree, under its default options.
 *
 * Compares `struct Scalars` with `scalars`, `struct State` with `stateSlots`, and the signature of `update`, by name
 * and order, and of `effectiveStep` where the rule has one; what `hostScalars` returns with `scalars`; and, where all of
 * that agrees, what `update` computes with what `reference` computes, and the step sizes of the two `effectiveStep`, on
 * random elements at steps 1, 2 and 100. Rounding is not judged: the kernel's is for the
 * conformance suite.
 *
 * @param rule the rule, under the options to be checked: structural options make texts of their own, so check each
 * @returns one line per disagreement; none when the two agree
 * @example
 * for (const options of [{}, { amsgrad: true }]) {
 *   const disagreements = checkRule(myRule(options));
 *   if (disagreements.length > 0) throw new Error(disagreements.join("\\n"));
 * }
 */
export function checkRule<O extends RuleOptions>(rule: UpdateRule<O>): string[] {
  const slots = rule.stateSlots(rule.defaults);
  const stateless = slots.length === 0;
  const found: string[] = [];
  const compare = (what: string, wgsl: readonly string[], host: readonly string[]) => {
    if (wgsl.join() === host.join()) return;
    found.push(
      `${rule.name}: ${what}: the WGSL has [${wgsl.join(", ")}], the TypeScript [${host.join(", ")}]`,
    );
  };
  let reflection: WgslReflect;
  try {
    reflection = new WgslReflect(
      stepWgslOf({ wgsl: rule.wgsl(rule.defaults), stateless, variant: "separate" }),
    );
  } catch (error) {
    return [
      `${rule.name}: the WGSL cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    ];
  }
  const scalars = rule.scalars.map((name) => `${name}: f32`);
  compare("struct Scalars", membersOf(reflection.getStructInfo("Scalars")), scalars);
  const state = slots.map((slot) => `${slot}: vec4f`);
  compare("struct State", membersOf(reflection.getStructInfo("State")), state);
  const signatureOf = (name: string) => {
    const info = reflection.getFunctionInfo(name);
    if (!info) return `no ${name}`;
    const parameters = info.arguments.map(({ name: each, type }) => `${each}: ${type.getTypeName()}`);
    return `${name}(${parameters.join(", ")}) -> ${info.returnType?.getTypeName() ?? "nothing"}`;
  };
  compare("update", [signatureOf("update")], [stateless ? STATELESS : STATEFUL]);
  if (rule.effectiveStep) compare("effectiveStep", [signatureOf("effectiveStep")], [EFFECTIVE_STEP]);
  const bound = [...reflection.uniforms, ...reflection.storage].map(({ name }) => name).sort();
  const bindings = ["grads", "params", "scalars", "segments", ...(stateless ? [] : ["states"])];
  compare("bindings", bound, bindings);

  const context = { lr: 1e-3, step: 1, gradScale: 1, memory: rule.memory ?? {} };
  const returned = Object.keys(rule.hostScalars(rule.defaults, context)).sort();
  const named = [...rule.scalars].sort();
  if (returned.join() !== named.join()) {
    found.push(
      `${rule.name}: hostScalars returns [${returned.join(", ")}], scalars names [${named.join(", ")}]`,
    );
  }
  return found.length > 0 ? found : formulaDisagreements(rule);
}
