// What an update rule is: a plain value that tells everything the optimizers need to know of it. This file must
// not know any particular rule, nor how kernels are launched.

/**
 * A learning rate that depends on the step.
 * @param step completed steps of the group, counted from 0
 * @returns the learning rate of the step that follows; finite and at least 0
 */
export type Schedule = (step: number) => number;

/** Type and legal range of one option. */
export type OptionSpec =
  | { type: "number"; range: NumberRange }
  | { type: "rates"; count: 2 | 3 }
  | { type: "boolean" }
  | { type: "lr" };

/** An interval; `text` is how messages write it. */
export type NumberRange = { contains: (value: number) => boolean; text: string };

/** The specification of each option of a rule. */
export type OptionTable<O> = { readonly [K in keyof O]-?: OptionSpec };

/** The options that every rule has. */
export type RuleOptions = { lr: number | Schedule };

/** Options other than the defaults; undefined leaves the default. */
export type Overrides<O> = { [K in keyof O]?: O[K] | undefined };

/** Scalars that depend on all steps before, by name: kept per group, and saved with it. */
export type Memory = Readonly<Record<string, number>>;

/** What a rule may depend on beside its options. */
export type StepContext = {
  /** The learning rate of this step: the option's number, or what its schedule returned. */
  lr: number;
  /** The step being taken, counted from 1 (the t of the papers). */
  step: number;
  /** Factor on the gradients of this step. */
  gradScale: number;
  /** The rule's own scalars, as the steps before left them. */
  memory: Memory;
};

/**
 * One element of one step in float64: changes `state` in place and returns the amount to be subtracted from the
 * parameter.
 */
export type ReferenceUpdate = (param: number, grad: number, state: Record<string, number>) => number;

/** What a rule that divides by a moving average does with one element: what the monitor shows of it. */
export type EffectiveStep = {
  /** What the corrected mean of the gradients is multiplied by: Adam's lr / (√v̂ + eps). */
  stepSize: number;
  /** Whether the element moved as far as a cap of the rule allows. */
  capped: boolean;
};

/**
 * An optimizer's update rule as a value. `adam()` and its like return one; a user can write one of their own.
 *
 * The WGSL text declares `struct State` (one `vec4f` per slot of {@link stateSlots}, in that order), `struct
 * Scalars` (one `f32` per name of {@link scalars}, in that order) and
 * `fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update`, which returns
 * `Update(delta, state)`: the amount to subtract from the parameter and the new state. A rule without slots declares no
 * State, and `fn update(param: vec4f, grad: vec4f, scalars: Scalars) -> vec4f` returns the amount. It has no bindings.
 *
 * A rule of some options is assignable to a rule of any (its members are methods), so that one can be chosen at run
 * time.
 */
export interface UpdateRule<O extends RuleOptions, Scalar extends string = string> {
  /** Key of the rule in states, labels and messages. */
  readonly name: string;
  /** The options of a group that sets none. */
  readonly defaults: Readonly<O>;
  /** Type and legal range of every option. */
  readonly options: OptionTable<O>;
  /**
   * Options that decide the state or the pipeline, and so cannot change after `create()`; a number among them may
   * change, but not between 0 and not 0.
   */
  readonly structural: readonly string[];
  /** What is wrong with a combination of options that are legal one by one; undefined when nothing is. */
  conflict?(options: Readonly<O>): { option: string; message: string } | undefined;
  /** Names of the state tensors under these options, in the order of `struct State`. */
  stateSlots(options: Readonly<O>): readonly string[];
  /** What a slot starts from; 0 where none is named. */
  initialState?(options: Readonly<O>): Record<string, number>;
  /** Names of the host scalars, in the order of `struct Scalars`. */
  readonly scalars: readonly Scalar[];
  /** The host scalars of one step, computed in float64 and rounded once to float32 when uploaded. */
  hostScalars(options: Readonly<O>, context: Readonly<StepContext>): Record<Scalar, number>;
  /** The memory before the first step, for a rule whose scalars depend on all steps before. */
  readonly memory?: Memory;
  /** The memory after a step. */
  remember?(options: Readonly<O>, context: Readonly<StepContext>): Memory;
  /** The WGSL text of the rule under these options. */
  wgsl(options: Readonly<O>): string;
  /** The same step in float64: the oracle of the tests, and what `ReferenceOptimizer` runs. */
  reference(options: Readonly<O>, context: Readonly<StepContext>): ReferenceUpdate;
  /**
   * The effective step of one element in float64, from the state that the step left. With it, the WGSL declares
   * `fn effectiveStep(state: State, scalars: Scalars) -> EffectiveStep`, which returns
   * `EffectiveStep(stepSize, capped)`, a `vec4f` and a `vec4<bool>`.
   */
  effectiveStep?(
    options: Readonly<O>,
    context: Readonly<StepContext>,
  ): (state: Readonly<Record<string, number>>) => EffectiveStep;
}
