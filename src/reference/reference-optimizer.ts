// ReferenceOptimizer: the interface of Optimizer over plain arrays, in float64 and synchronous. It knows no WebGPU.
import { ParameterError, UsageError, show } from "../errors.js";
import {
  checkOptimizerOptions,
  handlesGradients,
  type GradientHandling,
  type OptimizerOptions,
} from "../gradient-options.js";
import {
  GroupRecord,
  checkGradScale,
  checkKeys,
  checkRule,
  refuseDestroyed,
  toGroupInputs,
  type Group,
  type GroupInput,
} from "../param-groups.js";
import { indexParams, refuseOverlap } from "../range-index.js";
import type { RuleOptions, UpdateRule } from "../rule.js";
import { handleGradients, type HandledStep } from "./gradient-handling.js";
import { StepWatch } from "./step-watch.js";
import { STEP_SIZE_BINS, groupStats, stepSizeBin, type StepStats } from "../step-stats.js";
import { applyGroups, planLoad, saveGroups, type AnyStateDict, type StateDict } from "../state-dict.js";

/** Values of a parameter or a gradient. In a Float32Array every step rounds the parameter to float32. */
export type ReferenceArray = Float32Array | Float64Array;

/** A parameter of the reference. */
export type ReferenceParameter = {
  /** Key in the state; unique in the optimizer. Default "<group>.<index>". */
  name?: string | undefined;
  /** Updated in place. */
  param: ReferenceArray;
  /** As long as `param`; never written by `step()`. May be assigned anew between steps. */
  grad: ReferenceArray;
};

type Entry<O extends RuleOptions> = {
  record: GroupRecord<O, ReferenceParameter>;
  /** The params that the states belong to. */
  params: ReferenceArray[];
  /** Per parameter, its slots. */
  states: Record<string, Float64Array>[];
  /** Per parameter, what is noted of the latest step. */
  watches: StepWatch[];
};

const BEFORE_ANY_STEP = { step: 0, skippedSteps: 0, gradNorm: NaN, clipFactor: 1 };

/**
 * Steps plain arrays by a rule's float64 reference function: an oracle for tests, and an optimizer where there is no GPU.
 *
 * @example
 * const reference = new ReferenceOptimizer([{ param, grad }], adam({ lr: 1e-3 }));
 * reference.step();
 */
export class ReferenceOptimizer<O extends RuleOptions> {
  /** The groups, in the order given. Options assigned to one hold from the next `step()`. */
  readonly paramGroups: Group<O, ReferenceParameter>[] = [];
  readonly #rule: UpdateRule<O>;
  readonly #handling: GradientHandling;
  #entries: Entry<O>[] = [];
  #stats = BEFORE_ANY_STEP;
  #destroyed = false;

  /**
   * @param params parameters, or groups of them with options of their own
   * @param rule the update rule with its default options
   * @throws {OptionError} unknown or illegal option
   * @throws {ParameterError} arrays of another type, lengths that differ, names twice
   */
  constructor(
    params: ReferenceParameter[] | GroupInput<O, ReferenceParameter>[],
    rule: UpdateRule<O>,
    options: OptimizerOptions = {},
  ) {
    this.#rule = rule;
    checkRule("ReferenceOptimizer", rule);
    this.#handling = checkOptimizerOptions("ReferenceOptimizer", options);
    this.#add(toGroupInputs<O, ReferenceParameter>(params));
  }

  /**
   * Steps every group that is not frozen.
   * @param options gradScale: factor on every gradient of this step, default 1
   * @throws as `Optimizer.step()`; nothing is changed then
   */
  step(options: { gradScale?: number | undefined } = {}): void {
    if (this.#destroyed) refuseDestroyed("step()");
    checkKeys("step()", options, ["gradScale"]);
    const { gradScale = 1 } = options;
    checkGradScale(this.#rule.name, gradScale);
    for (const { record } of this.#entries) record.check();
    checkMemory(this.#entries);
    const active = this.#entries.filter(({ record }) => !record.group.frozen);
    const handles = handlesGradients(this.#handling);
    // Handled gradients are scaled before the rule sees them.
    const steps = active.map(({ record, ...entry }) => {
      const context = record.nextStep(handles ? 1 : gradScale);
      const update = this.#rule.reference(record.group, context);
      return {
        record,
        ...entry,
        context,
        update,
        effectiveStep: this.#rule.effectiveStep?.(record.group, context),
      };
    });
    const handled = handles ? this.#handle(gradScale, active) : undefined;
    if (handled?.skip) return;
    for (const { record, states, watches, context, update, effectiveStep } of steps) {
      record.group.params.forEach(({ param, grad }, position) => {
        const gradients = handled ? Float64Array.from(grad, handled.handle) : grad;
        const watch = this.#handling.monitor ? watches[position]! : undefined;
        watch?.begin();
        stepArray(param, gradients, states[position]!, record.slots, (p, g, state) => {
          const delta = update(p, g, state);
          watch?.note(delta, p - delta, effectiveStep?.(state));
          return delta;
        });
      });
      record.advance(context);
    }
  }

  /** Decides a step, and notes what {@link stats} tells of it. */
  #handle(gradScale: number, active: readonly Entry<O>[]): HandledStep {
    const gradients = active.flatMap(({ record }) => record.group.params.map(({ grad }) => grad));
    const handled = handleGradients(this.#handling, gradScale, gradients);
    for (const { record, watches } of active) {
      watches.forEach((watch, position) => {
        watch.measure(record.group.params[position]!.grad, handled.unscale, handled.isFinite);
      });
    }
    const { step, skippedSteps } = this.#stats;
    this.#stats = {
      step: step + 1,
      skippedSteps: skippedSteps + (handled.skip ? 1 : 0),
      gradNorm: handled.norm,
      clipFactor: handled.factor,
    };
    return handled;
  }

  /** What was decided and noted of the steps so far, as `Optimizer.stats()`. @throws {UsageError} as it does */
  stats(): StepStats {
    if (this.#destroyed) refuseDestroyed("stats()");
    if (!handlesGradients(this.#handling)) {
      throw new UsageError(
        "stats() has nothing to tell: give monitor, clipGradNorm, clipGradValue or skipNonFinite",
      );
    }
    if (!this.#handling.monitor) return { ...this.#stats };
    const groups = this.#entries.map(({ record, watches }) => groupStats(record.step, record.names, watches));
    return { ...this.#stats, groups };
  }

  /** Clears every gradient, those of frozen groups too. */
  zeroGrad(): void {
    if (this.#destroyed) refuseDestroyed("zeroGrad()");
    for (const { record } of this.#entries) for (const { grad } of record.group.params) grad.fill(0);
  }

  /** Adds a group; its step count starts at 0. */
  addParamGroup(group: GroupInput<O, ReferenceParameter>): void {
    if (this.#destroyed) refuseDestroyed("addParamGroup()");
    this.#add([group]);
  }

  /** A copy of options, step counts and states. */
  stateDict(): StateDict<Float64Array> {
    if (this.#destroyed) refuseDestroyed("stateDict()");
    const copied = (slots: Record<string, Float64Array>) =>
      Object.fromEntries(Object.entries(slots).map(([slot, values]) => [slot, values.slice()]));
    const state = Object.fromEntries(
      this.#entries.flatMap(({ record, states }) =>
        record.names.map((name, position) => [name, copied(states[position]!)] as const),
      ),
    );
    const groups = saveGroups(this.#entries.map(({ record }) => record));
    return { format: "webgpu-optim", version: 1, rule: this.#rule.name, groups, state };
  }

  /**
   * Restores options, step counts and states, by name.
   * @throws {StateDictError} naming what does not fit; nothing is changed then
   */
  loadStateDict(state: AnyStateDict): void {
    if (this.#destroyed) refuseDestroyed("loadStateDict()");
    const records = this.#entries.map(({ record }) => record);
    const lengthOf = (record: GroupRecord<O, ReferenceParameter>, position: number) =>
      record.group.params[position]!.param.length;
    const plan = planLoad(this.#rule.name, records, lengthOf, state);
    for (const { record, slots } of plan) {
      const entry = this.#entries[record.index]!;
      entry.watches = entry.params.map(({ length }) => this.#watchOf(length));
      entry.states = slots.map((saved) =>
        Object.fromEntries(record.slots.map((slot) => [slot, Float64Array.from(saved[slot]!)])),
      );
    }
    applyGroups(plan);
    this.#stats = BEFORE_ANY_STEP;
  }

  /** Ends the use of the optimizer, as `Optimizer.destroy()`. */
  destroy(): void {
    this.#destroyed = true;
    this.#entries = [];
  }

  #watchOf(length: number): StepWatch {
    return new StepWatch(length, STEP_SIZE_BINS, this.#rule.effectiveStep && stepSizeBin);
  }

  #add(inputs: GroupInput<O, ReferenceParameter>[]): void {
    const names = this.#entries.flatMap(({ record }) => record.names);
    const first = this.#entries.length;
    const entries = inputs.map((input, position) => {
      const record = new GroupRecord<O, ReferenceParameter>(this.#rule, input, first + position, names);
      names.push(...record.names);
      record.group.params.forEach((parameter, i) => {
        checkArrays(parameter, record.names[i]!);
      });
      const params = record.group.params.map(({ param }) => param);
      const initial = this.#rule.initialState?.(record.group) ?? {};
      const fresh = ({ length }: ReferenceArray) =>
        Object.fromEntries(
          record.slots.map((slot) => [slot, new Float64Array(length).fill(initial[slot] ?? 0)]),
        );
      const watches = params.map(({ length }) => this.#watchOf(length));
      return { record, params, states: params.map(fresh), watches };
    });
    checkMemory([...this.#entries, ...entries]);
    this.#entries.push(...entries);
    this.paramGroups.push(...entries.map(({ record }) => record.group));
  }
}

/** @throws {ParameterError} for arrays that cannot be stepped, or were assigned since and do not fit */
function checkMemory<O extends RuleOptions>(entries: readonly Entry<O>[]): void {
  const all = entries.flatMap(({ record, params }) =>
    record.group.params.map((parameter, i) => ({ parameter, name: record.names[i]!, param: params[i]! })),
  );
  for (const { parameter, name, param } of all) {
    if (parameter.param !== param) {
      throw new ParameterError(
        `param of "${name}" was assigned anew; only grad may be, since the state belongs to the param`,
      );
    }
    checkArrays(parameter, name);
  }
  const index = indexParams(all.map(({ name, param }) => ({ name, param: rangeOf(param) })));
  for (const { parameter, name } of all) refuseOverlap(index, name, rangeOf(parameter.grad));
}

const rangeOf = ({ buffer, byteOffset, byteLength }: ReferenceArray) => ({
  buffer,
  offset: byteOffset,
  size: byteLength,
});

function checkArrays({ param, grad }: ReferenceParameter, name: string): void {
  for (const [what, values] of [
    ["param", param],
    ["grad", grad],
  ] as const) {
    if (!((values as unknown) instanceof Float32Array || (values as unknown) instanceof Float64Array)) {
      throw new ParameterError(
        `${what} of "${name}" must be a Float32Array or Float64Array, got ${show(values)}`,
      );
    }
  }
  if (param.length !== grad.length) {
    throw new ParameterError(`grad of "${name}" has ${grad.length} elements, its param has ${param.length}`);
  }
}

function stepArray(
  param: ReferenceArray,
  grad: ReferenceArray,
  states: Record<string, Float64Array>,
  slots: readonly string[],
  update: (param: number, grad: number, state: Record<string, number>) => number,
): void {
  const state: Record<string, number> = {};
  for (let i = 0; i < param.length; i++) {
    for (const slot of slots) state[slot] = states[slot]![i]!;
    param[i]! -= update(param[i]!, grad[i]!, state);
    for (const slot of slots) states[slot]![i] = state[slot]!;
  }
}
