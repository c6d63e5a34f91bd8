// Param groups: names, options, step counts and their checks. Shared by the GPU optimizer and the reference, so it
// must know neither buffers nor arrays: P is whatever one of them calls a parameter.
import { OptionError, ParameterError, UsageError, show } from "./errors.js";
import { checkOptions, mergeOptions, scheduledLr } from "./options.js";
import type { Memory, Overrides, RuleOptions, StepContext, UpdateRule } from "./rule.js";

/** What every kind of parameter has. */
export type Named = { name?: string | undefined };

/** A param group as it is passed in: parameters, and the options that differ from the rule's. */
export type GroupInput<O extends RuleOptions, P extends Named> = {
  params: P[];
  frozen?: boolean | undefined;
} & Overrides<O>;

/** A param group as the optimizer shows it. Its options may be assigned between steps. */
export type Group<O extends RuleOptions, P extends Named> = {
  /** The parameters, in the order given. Fixed; `addParamGroup` adds more. */
  params: P[];
  /** Skipped by `step()` while true: no parameter, state or step count of it changes. */
  frozen: boolean;
  /** Completed (recorded) steps. */
  readonly step: number;
} & O;

/** Accepts both forms of the `params` argument: a list of parameters is one group. */
export function toGroupInputs<O extends RuleOptions, P extends Named>(
  params: P[] | GroupInput<O, P>[],
): GroupInput<O, P>[] {
  if (!Array.isArray(params)) throw new ParameterError(`params must be an array, got ${show(params)}`);
  if (params.length === 0) throw new ParameterError("params is empty; give at least one parameter");
  const isGroup = (entry: unknown) => typeof entry === "object" && entry !== null && "params" in entry;
  const groups = params.filter(isGroup).length;
  if (groups === params.length) return params as GroupInput<O, P>[];
  if (groups > 0) throw new ParameterError("params mixes parameters and param groups; give one kind");
  return [{ params: params as P[] } as GroupInput<O, P>];
}

/** @throws {OptionError} unless it is the value that a rule's function returns */
export function checkRule(call: string, rule: unknown): void {
  const known = typeof rule === "object" && rule !== null && "stateSlots" in rule && "hostScalars" in rule;
  if (!known)
    throw new OptionError(
      `${call}: rule must be what adam() or its like returns, got ${show(rule)}`,
      "rule",
      rule,
    );
}

/** A group and what the optimizer remembers of it. */
export class GroupRecord<O extends RuleOptions, P extends Named> {
  readonly group: Group<O, P>;
  /** Key in the state of each parameter. */
  readonly names: readonly string[];
  /** State slots, fixed by the structural options. */
  readonly slots: readonly string[];
  /** Completed steps. */
  step = 0;
  /** The rule's own scalars after those steps. */
  memory: Memory;
  readonly #structure: Readonly<O>;

  /**
   * @param index position of the group among the optimizer's
   * @param taken names of the parameters of the groups before
   * @throws {OptionError} for its options
   * @throws {ParameterError} for an empty group or a name taken twice
   */
  constructor(
    readonly rule: UpdateRule<O>,
    input: GroupInput<O, P>,
    readonly index: number,
    taken: Iterable<string>,
  ) {
    if (typeof input !== "object" || (input as unknown) === null) {
      throw new ParameterError(
        `${rule.name}: param group ${index} must be an object with params, got ${show(input)}`,
      );
    }
    const { params, frozen, ...overrides } = input;
    const options = mergeOptions(rule, rule.defaults, overrides as unknown as Overrides<O>, index);
    if (frozen !== undefined && typeof frozen !== "boolean") {
      const message = `${rule.name}: frozen must be true or false, got ${show(frozen)} (param group ${index})`;
      throw new OptionError(message, "frozen", frozen);
    }
    if (!Array.isArray(params) || params.length === 0) {
      throw new ParameterError(`${rule.name}: param group ${index} has no parameters`);
    }
    this.names = uniqueNames(rule.name, Object.keys(rule.options), params, index, taken);
    this.slots = rule.stateSlots(options);
    this.memory = rule.memory ?? {};
    this.#structure = { ...options };
    const group = { frozen: frozen ?? false, ...options };
    Object.defineProperty(group, "params", { value: Object.freeze([...params]), enumerable: true });
    Object.defineProperty(group, "step", { get: () => this.step, enumerable: true });
    // Assigning a misspelt option must not pass in silence.
    this.group = Object.preventExtensions(group) as unknown as Group<O, P>;
  }

  /**
   * Checks what the caller may have assigned since the last step.
   * @throws {OptionError} for an illegal option, or a structural one that changed
   */
  check(): void {
    const { rule, group, index } = this;
    if (typeof group.frozen !== "boolean") {
      const message = `${rule.name}: frozen must be true or false, got ${show(group.frozen)} (param group ${index})`;
      throw new OptionError(message, "frozen", group.frozen);
    }
    checkOptions<O>(rule, group, index);
    for (const option of rule.structural as (keyof O & string)[]) {
      if (Boolean(group[option]) !== Boolean(this.#structure[option])) {
        const message =
          `${rule.name}: ${option} was ${show(this.#structure[option])} when the optimizer was created and cannot ` +
          `change to ${show(group[option])} (param group ${index}); create a new optimizer`;
        throw new OptionError(message, option, group[option]);
      }
    }
  }

  /** What the rule may depend on in the step that comes next. */
  nextStep(gradScale: number): StepContext {
    const lr = scheduledLr(this.rule.name, this.group.lr, this.step, this.index);
    return { lr, step: this.step + 1, gradScale, memory: this.memory };
  }

  /** Counts a step as taken. */
  advance(context: StepContext): void {
    this.memory = this.rule.remember?.(this.group, context) ?? this.memory;
    this.step++;
  }
}

/** The names of a group's parameters, "<group>.<index>" where none is given. */
function uniqueNames(
  rule: string,
  options: readonly string[],
  params: readonly Named[],
  index: number,
  taken: Iterable<string>,
): string[] {
  const seen = new Set(taken);
  return params.map((parameter, position) => {
    const where = `params[${position}] of param group ${index}`;
    if (typeof parameter !== "object" || (parameter as Named | null) === null) {
      throw new ParameterError(
        `${rule}: ${where} must be an object with param and grad, got ${show(parameter)}`,
      );
    }
    const misplaced = ["frozen", ...options].find((option) => option in parameter);
    if (misplaced) {
      throw new ParameterError(
        `${rule}: ${where} has "${misplaced}", which belongs to a group: { params: [...], ${misplaced} }`,
      );
    }
    const name: unknown = parameter.name ?? `${index}.${position}`;
    if (typeof name !== "string" || name === "") {
      throw new ParameterError(
        `${rule}: the name of ${where} must be a string that is not empty, got ${show(name)}`,
      );
    }
    if (seen.has(name)) {
      throw new ParameterError(
        `${rule}: the name "${name}" of ${where} is taken; names are unique in an optimizer`,
      );
    }
    seen.add(name);
    return name;
  });
}

/**
 * Checks `gradScale` of a step.
 * @throws {OptionError} unless it is a number that is finite as a float32
 */
export function checkGradScale(rule: string, gradScale: unknown): void {
  if (typeof gradScale !== "number" || !Number.isFinite(Math.fround(gradScale))) {
    const message = `${rule}: gradScale must be a finite number (float32), got ${show(gradScale)}`;
    throw new OptionError(message, "gradScale", gradScale);
  }
}

/**
 * Checks the names of an options object.
 * @throws {OptionError} for a name that is not among those known
 */
export function checkKeys(call: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || (options as unknown) === null) {
    throw new OptionError(`${call}: options must be an object, got ${show(options)}`, "options", options);
  }
  for (const key in options) {
    if (!known.includes(key)) {
      const message = `${call}: unknown option "${key}"; known: ${known.join(", ")}`;
      throw new OptionError(message, key, (options as Record<string, unknown>)[key]);
    }
  }
}

/** @throws {UsageError} unless it has the methods that make it what it should be */
export function checkObject(call: string, name: string, value: unknown, methods: readonly string[]): void {
  const has = (method: string) =>
    typeof value === "object" &&
    value !== null &&
    typeof (value as Record<string, unknown>)[method] === "function";
  if (!methods.every(has)) throw new UsageError(`${call}: ${name}, got ${show(value)}`);
}

/** @throws {UsageError} saying that the optimizer was destroyed */
export function refuseDestroyed(call: string): never {
  throw new UsageError(`${call} was called after destroy(); create a new optimizer`);
}
