// The saved form of an optimizer, and the checks before one is loaded. Shared by the GPU optimizer and the reference.
import { OptimizerError, StateDictError, show } from "./errors.js";
import { mergeOptions } from "./options.js";
import type { GroupRecord, Named } from "./param-groups.js";
import type { Memory, RuleOptions } from "./rule.js";

/** The number of a saved step, options and names of one group. */
export type SavedGroup = {
  /** Every option by name; a schedule is saved as the number it returned. */
  options: Record<string, unknown>;
  /** Completed steps. */
  step: number;
  /** Names of the parameters. */
  params: string[];
  /** The rule's own scalars after those steps, for a rule that has some. */
  memory?: Record<string, number>;
};

/** State tensors of one parameter by slot, flat, in the order of the parameter's elements. */
export type SavedSlots<A> = Record<string, A>;

/** Everything an optimizer needs to go on: plain data, structured-cloneable. */
export type StateDict<A extends Float32Array | Float64Array = Float32Array> = {
  format: "webgpu-optim";
  version: 1;
  /** Name of the rule. */
  rule: string;
  groups: SavedGroup[];
  /** By name of the parameter. */
  state: Record<string, SavedSlots<A>>;
};

/** A state that may be loaded: of float32 or float64. */
export type AnyStateDict = StateDict<Float32Array | Float64Array>;

type Records<O extends RuleOptions, P extends Named> = readonly GroupRecord<O, P>[];

/** Options, step counts and names as they are now. */
export function saveGroups<O extends RuleOptions, P extends Named>(records: Records<O, P>): SavedGroup[] {
  return records.map((record) => {
    record.check();
    const options: Record<string, unknown> = {};
    for (const option of Object.keys(record.rule.options) as (keyof O & string)[]) {
      const value = record.group[option];
      options[option] = Array.isArray(value) ? [...(value as unknown[])] : value;
    }
    options.lr = record.nextStep(1).lr;
    const saved = { options, step: record.step, params: [...record.names] };
    return record.rule.memory ? { ...saved, memory: { ...record.memory } } : saved;
  });
}

/** One group matched with its saved self, checked and ready to be applied. */
export type LoadPlan<O extends RuleOptions, P extends Named> = {
  record: GroupRecord<O, P>;
  step: number;
  memory: Memory;
  options: O;
  /** Per parameter in the order of the record, its slots. */
  slots: SavedSlots<Float32Array | Float64Array>[];
}[];

/**
 * Checks a state against an optimizer without changing it.
 * @param lengthOf elements of a parameter, by group and position
 * @throws {StateDictError} naming what differs
 */
export function planLoad<O extends RuleOptions, P extends Named>(
  ruleName: string,
  records: Records<O, P>,
  lengthOf: (record: GroupRecord<O, P>, position: number) => number,
  saved: AnyStateDict,
): LoadPlan<O, P> {
  checkHeader(ruleName, saved);
  if (saved.groups.length !== records.length) {
    fail(`it has ${saved.groups.length} param groups, the optimizer has ${records.length}`);
  }
  const known = new Set(records.flatMap((record) => record.names));
  const extra = Object.keys(saved.state).filter((name) => !known.has(name));
  if (extra.length > 0) fail(`it holds state of ${quote(extra)}, which the optimizer does not have`);

  const free = new Set(saved.groups);
  return records.map((record) => {
    const match = [...free].find((group) => sameNames(group.params, record.names));
    if (!match) return fail(describeNames(record, [...free]));
    free.delete(match);
    const slots = record.names.map((name, position) =>
      checkSlots(name, own(saved.state, name), record.slots, lengthOf(record, position)),
    );
    const memory = checkMemory(record, match);
    return { record, step: match.step, memory, options: checkSavedOptions(record, match), slots };
  });
}

/** Puts options and step counts of a checked plan in force; a schedule of the loader stays. */
export function applyGroups<O extends RuleOptions, P extends Named>(plan: LoadPlan<O, P>): void {
  for (const { record, step, memory, options } of plan) {
    const schedule = typeof record.group.lr === "function" ? record.group.lr : undefined;
    Object.assign(record.group, options);
    if (schedule) record.group.lr = schedule;
    record.step = step;
    record.memory = memory;
  }
}

function fail(reason: string): never {
  throw new StateDictError(`loadStateDict: the state does not fit: ${reason}. Nothing was changed`);
}

/** A property of the object itself, whatever its name. */
const own = <T>(object: Record<string, T>, key: string): T | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

const quote = (names: readonly string[]) => {
  const shown = names.slice(0, 8).map((name) => `"${name}"`);
  return shown.join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");
};

function checkHeader(ruleName: string, saved: AnyStateDict): void {
  const header = saved as unknown as Record<string, unknown> | null | undefined;
  if (typeof header !== "object" || header === null) fail(`it must be an object, got ${show(header)}`);
  if (header.format !== "webgpu-optim") fail(`format must be "webgpu-optim", got ${show(header.format)}`);
  if (header.version !== 1) fail(`version must be 1, got ${show(header.version)}`);
  if (header.rule !== ruleName)
    fail(`it was saved by the rule ${show(header.rule)}, the optimizer runs "${ruleName}"`);
  if (!Array.isArray(header.groups)) fail(`groups must be an array, got ${show(header.groups)}`);
  for (const [index, group] of (header.groups as (Record<string, unknown> | null | undefined)[]).entries()) {
    if (typeof group !== "object" || group === null)
      fail(`groups[${index}] must be an object, got ${show(group)}`);
    const { step, params, options } = group;
    if (!Array.isArray(params)) fail(`groups[${index}].params must be an array of names`);
    if (!Number.isSafeInteger(step) || (step as number) < 0) {
      fail(`groups[${index}].step must be an integer of at least 0, got ${show(step)}`);
    }
    if (typeof options !== "object" || options === null) {
      fail(`groups[${index}].options must be an object, got ${show(options)}`);
    }
  }
  if (typeof header.state !== "object" || header.state === null) {
    fail(`state must be an object, got ${show(header.state)}`);
  }
}

function sameNames(saved: readonly string[], names: readonly string[]): boolean {
  const set = new Set(saved);
  return set.size === names.length && saved.length === names.length && names.every((name) => set.has(name));
}

/** Says which names keep a group from matching the saved group that is nearest to it. */
function describeNames<O extends RuleOptions, P extends Named>(
  record: GroupRecord<O, P>,
  saved: SavedGroup[],
): string {
  const shared = (group: SavedGroup) => record.names.filter((name) => group.params.includes(name)).length;
  const nearest = [...saved].sort((a, b) => shared(b) - shared(a))[0] ?? { params: [] as string[] };
  const missing = record.names.filter((name) => !nearest.params.includes(name));
  const extra = nearest.params.filter((name) => !record.names.includes(name));
  const parts = [
    ...(missing.length > 0 ? [`the state lacks ${quote(missing)}`] : []),
    ...(extra.length > 0 ? [`the optimizer lacks ${quote(extra)}`] : []),
  ];
  return (
    `no saved group has the parameters of param group ${record.index}` +
    (parts.length ? `: ${parts.join("; ")}` : "")
  );
}

function checkSlots(
  name: string,
  saved: SavedSlots<Float32Array | Float64Array> | undefined,
  slots: readonly string[],
  length: number,
): SavedSlots<Float32Array | Float64Array> {
  const found = Object.keys(saved ?? {});
  const missing = slots.filter((slot) => !found.includes(slot));
  const extra = found.filter((slot) => !slots.includes(slot));
  if (!saved || missing.length > 0 || extra.length > 0) {
    return fail(`"${name}" needs the slots ${quote(slots)}, the state has ${quote(found) || "none"}`);
  }
  for (const slot of slots) {
    const values = saved[slot];
    if (!(values instanceof Float32Array || values instanceof Float64Array)) {
      return fail(`${slot} of "${name}" must be a Float32Array or Float64Array, got ${show(values)}`);
    }
    if (values.length !== length) {
      return fail(`${slot} of "${name}" has ${values.length} elements, the parameter has ${length}`);
    }
  }
  return saved;
}

/** The saved memory of a rule that has some: every scalar of it, finite. */
function checkMemory<O extends RuleOptions, P extends Named>(
  record: GroupRecord<O, P>,
  saved: SavedGroup,
): Memory {
  const memory: Record<string, number> = {};
  for (const name of Object.keys(record.rule.memory ?? {})) {
    const value: unknown = saved.memory?.[name];
    if (typeof value !== "number" || !Number.isFinite(value)) {
      return fail(
        `memory.${name} of param group ${record.index} must be a finite number, got ${show(value)}`,
      );
    }
    memory[name] = value;
  }
  return memory;
}

/** The group's options with the saved ones laid over them. */
function checkSavedOptions<O extends RuleOptions, P extends Named>(
  record: GroupRecord<O, P>,
  saved: SavedGroup,
): O {
  const current: Partial<O> = {};
  for (const option of Object.keys(record.rule.options) as (keyof O & string)[])
    current[option] = record.group[option];
  let options: O;
  try {
    options = mergeOptions(record.rule, current as O, saved.options as Partial<O>, record.index);
  } catch (error) {
    if (error instanceof OptimizerError) return fail(error.message);
    throw error;
  }
  for (const option of record.rule.structural as (keyof O & string)[]) {
    if (Boolean(options[option]) !== Boolean(record.group[option])) {
      const [theirs, ours] = [show(options[option]), show(record.group[option])];
      return fail(`${option} is ${theirs} in the state and ${ours} in param group ${record.index}`);
    }
  }
  return options;
}
