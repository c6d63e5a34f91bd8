// Optimizer: param groups over the caller's GPU buffers, stepped by one rule. Knows rules only as values and the GPU only
// through src/gpu.
import type { ControlledSteps } from "./controlled-steps.js";
import { OptionError, UsageError } from "./errors.js";
import { allocate } from "./gpu/allocate.js";
import { arenaReady } from "./gpu/arenas.js";
import { refuseLost, watchDevice } from "./gpu/error-scopes.js";
import { clearGradients } from "./gpu/gradients.js";
import type { GradientControl } from "./gpu/gradient-control.js";
import { GroupLaunch } from "./gpu/group-launch.js";
import { prepareStates, readStates } from "./gpu/state-transfer.js";
import { readStats } from "./gpu/stats-transfer.js";
import { Tensor, type Parameter } from "./gpu/tensor.js";
import { checkOptimizerOptions, handlesGradients, type OptimizerOptions } from "./gradient-options.js";
import {
  GroupRecord,
  checkGradScale,
  checkKeys,
  checkObject,
  checkRule,
  refuseDestroyed,
  toGroupInputs,
  type Group,
  type GroupInput,
} from "./param-groups.js";
import { indexParams, RangeIndex, refuseOverlap } from "./range-index.js";
import type { RuleOptions, StepContext, UpdateRule } from "./rule.js";
import type { StepStats } from "./step-stats.js";
import { applyGroups, planLoad, saveGroups, type AnyStateDict, type StateDict } from "./state-dict.js";

/** A param group as it is passed in: parameters, and the options that differ from the rule's. */
export type ParamGroupInput<O extends RuleOptions> = GroupInput<O, Parameter>;

/** A param group as the optimizer shows it; its options may be assigned between steps. */
export type ParamGroup<O extends RuleOptions> = Group<O, Parameter>;

/** Options of {@link Optimizer.step}. */
export type StepOptions = {
  /** Append to this encoder, between its passes, and submit nothing. */
  encoder?: GPUCommandEncoder | undefined;
  /** Append to this open compute pass, and submit nothing. Leaves pipeline and bind group 0 set. */
  pass?: GPUComputePassEncoder | undefined;
  /** Factor on every gradient of this step: 1 / loss scale, or 1 / accumulated batches. Default 1. */
  gradScale?: number | undefined;
};

/** A group: the caller's side of it, and the GPU's. */
type Entry<O extends RuleOptions> = { record: GroupRecord<O, Parameter>; launch: GroupLaunch };

/**
 * Steps parameters that stay in the caller's `GPUBuffer`s, by a rule such as `adam()` or `adabelief()`.
 *
 * All tensors of a group that share a parameter buffer and a gradient buffer are updated by one dispatch; others take
 * one dispatch each, small ones one for two, in one compute pass. No step creates a buffer, a bind group or a pipeline,
 * unless a gradient buffer is seen for the first time.
 *
 * @example
 * const optimizer = await Optimizer.create(device, [{ param: weights, grad: weightsGrad }], adabelief({ lr: 1e-3 }));
 * optimizer.step();
 */
export class Optimizer<O extends RuleOptions> {
  /** The groups, in the order given. Options assigned to one hold from the next `step()`. */
  readonly paramGroups: ParamGroup<O>[] = [];
  readonly #device: GPUDevice;
  readonly #rule: UpdateRule<O>;
  readonly #label: string;
  /** Clips and skips, for an optimizer that does. */
  readonly #control: GradientControl | undefined;
  readonly #steps: ControlledSteps<O, Parameter> | undefined;
  #entries: Entry<O>[] = [];
  /** Every parameter's range, to refuse what overlaps one. */
  #params = new RangeIndex<GPUBuffer>();
  /** Settles when the groups being added are there, so that two calls cannot take the same names. */
  #adding: Promise<void> = Promise.resolve();
  #destroyed = false;

  private constructor(
    device: GPUDevice,
    rule: UpdateRule<O>,
    label: string,
    steps: ControlledSteps<O, Parameter> | undefined,
  ) {
    this.#device = device;
    this.#rule = rule;
    this.#label = label;
    this.#control = steps?.control;
    this.#steps = steps;
  }

  /**
   * Makes an optimizer: checks the input, compiles the kernels and allocates zero-filled state.
   *
   * @param device the caller's; never requested nor destroyed by the optimizer
   * @param params parameters, or groups of them with options of their own
   * @param rule the update rule with its default options, such as `adam({ lr: 1e-3 })`
   * @throws {OptionError} unknown or illegal option, naming rule, option, value, range and group
   * @throws {ParameterError} buffer without STORAGE, mapped, too short, overlapping; lengths that differ; names twice;
   * a buffer that was destroyed or is another device's
   * @throws {UsageError} `device` is not a GPUDevice
   * @throws {DeviceError} lost device, out of memory, or a kernel that does not compile; nothing stays allocated
   */
  static async create<O extends RuleOptions>(
    device: GPUDevice,
    params: Parameter[] | ParamGroupInput<O>[],
    rule: UpdateRule<O>,
    options: OptimizerOptions = {},
  ): Promise<Optimizer<O>> {
    checkObject("Optimizer.create", "device must be a GPUDevice", device, [
      "createBuffer",
      "createBindGroup",
    ]);
    checkRule("Optimizer.create", rule);
    const handling = checkOptimizerOptions("Optimizer.create", options);
    const label = `webgpu-optim/${rule.name}${options.label ? `/${options.label}` : ""}`;
    // Apart, so that a page whose optimizers do none of it does not load it.
    const controlled = handlesGradients(handling) ? await import("./controlled-steps.js") : undefined;
    const steps = controlled?.controlledSteps<O, Parameter>(device, label, handling);
    const optimizer = new Optimizer(device, rule, label, steps);
    await optimizer.#add("Optimizer.create", toGroupInputs<O, Parameter>(params));
    return optimizer;
  }

  /**
   * Steps every group that is not frozen.
   *
   * Without `encoder` or `pass` the step is submitted at once. A recorded step is to be submitted exactly once, in the
   * order of recording, before 4096 later ones; its options are those of this call, and step counts advance now.
   *
   * With clipping or skipping, a step that turns out to be skipped on the GPU is counted here until {@link stats} or
   * {@link stateDict} tell otherwise.
   *
   * Nothing is encoded, and no step counted, when it throws.
   *
   * @throws {OptionError} an option assigned since the last step is illegal or structural, a schedule returned an
   * illegal learning rate, or `gradScale` is not finite
   * @throws {ParameterError} a gradient assigned since the last step is not legal
   * @throws {UsageError} after `destroy()`, with both `encoder` and `pass`, or with one that is none
   * @throws {DeviceError} the device is lost
   */
  step(options: StepOptions = {}): void {
    if (this.#destroyed) refuseDestroyed("step()");
    refuseLost(this.#device, "step()");
    checkKeys("step()", options, ["encoder", "pass", "gradScale"]);
    const { encoder, pass, gradScale = 1 } = options;
    if (encoder && pass) throw new UsageError("step() was given both encoder and pass; give one of them");
    if (encoder) checkObject("step()", "encoder must be a GPUCommandEncoder", encoder, ["beginComputePass"]);
    if (pass) checkObject("step()", "pass must be a GPUComputePassEncoder", pass, ["dispatchWorkgroups"]);
    checkGradScale(this.#rule.name, gradScale);

    for (const { record } of this.#entries) record.check();
    const contexts = new Map<GroupRecord<O, Parameter>, StepContext>();
    for (const { record, launch } of this.#entries) {
      if (record.group.frozen) continue;
      // Under control gradients are scaled before the rule sees them.
      contexts.set(record, stageScalars(record, this.#control ? 1 : gradScale, launch.staging));
      launch.follow(this.#params);
    }

    const ownEncoder =
      (encoder ?? pass) ? undefined : this.#device.createCommandEncoder({ label: this.#label });
    const ownPass = pass ? undefined : (encoder ?? ownEncoder)!.beginComputePass({ label: this.#label });
    const stepped = this.#entries.filter(({ record }) => !record.group.frozen);
    if (this.#control) {
      this.#steps!.push(gradScale, contexts);
      for (const { launch } of stepped) launch.encodeMeasure((pass ?? ownPass)!);
      this.#control.encodeDecide((pass ?? ownPass)!);
    }
    for (const { record, launch } of stepped) {
      launch.encode((pass ?? ownPass)!);
      const context = contexts.get(record)!;
      if (this.#steps) this.#steps.advance(record, context);
      else record.advance(context);
    }
    ownPass?.end();
    if (ownEncoder) this.#device.queue.submit([ownEncoder.finish()]);
  }

  /**
   * Clears every gradient, those of frozen groups too.
   *
   * @param options with `encoder`: appends to it and submits nothing
   * @throws {ParameterError} a gradient buffer lacks the usage COPY_DST; nothing is cleared then
   */
  zeroGrad(options: { encoder?: GPUCommandEncoder | undefined } = {}): void {
    if (this.#destroyed) refuseDestroyed("zeroGrad()");
    refuseLost(this.#device, "zeroGrad()");
    checkKeys("zeroGrad()", options, ["encoder"]);
    for (const { launch } of this.#entries) launch.follow(this.#params);
    const tensors = this.#entries.flatMap(({ launch }) => launch.units.flatMap((unit) => unit.tensors));
    const encoder =
      options.encoder ?? this.#device.createCommandEncoder({ label: `${this.#label}/zero-grad` });
    clearGradients(encoder, tensors);
    if (!options.encoder) this.#device.queue.submit([encoder.finish()]);
  }

  /**
   * Adds a group; its step count starts at 0. Rejects as {@link create} does, and then nothing is added. With clipping or
   * skipping, no recorded step may be waiting for its submission.
   */
  async addParamGroup(group: ParamGroupInput<O>): Promise<void> {
    const adding = this.#adding.then(() => this.#add("addParamGroup", [group]));
    this.#adding = adding.catch(() => undefined);
    await adding;
  }

  /**
   * Reads what was decided of the steps submitted so far, with `monitor` what the latest of them did, and takes over
   * their counts: `paramGroups[i].step`, and the step that a schedule sees, then leave out the steps that were skipped.
   * Waits for no more than that work; calls may overlap. Never needed to train.
   *
   * @throws {UsageError} when the optimizer neither clips nor skips, and is not monitored
   * @throws {DeviceError} the device is lost
   */
  async stats(): Promise<StepStats> {
    if (this.#destroyed) refuseDestroyed("stats()");
    refuseLost(this.#device, "stats()");
    if (!this.#control) {
      throw new UsageError(
        "stats() has nothing to tell: give create() monitor, clipGradNorm, clipGradValue or skipNonFinite",
      );
    }
    const launches = this.#entries.map(({ launch }) => launch);
    const { decided, sums } = await readStats(this.#device, launches, this.#control);
    this.#steps!.learn(decided);
    return this.#steps!.stats(decided, sums);
  }

  /**
   * Reads options, step counts and states: a snapshot of the work submitted when it is called.
   *
   * @throws {DeviceError} the device is lost or memory is short
   */
  async stateDict(): Promise<StateDict> {
    if (this.#destroyed) refuseDestroyed("stateDict()");
    refuseLost(this.#device, "stateDict()");
    const records = this.#entries.map(({ record }) => record);
    const groups = saveGroups(records);
    const launches = this.#entries.map(({ launch }) => launch);
    const { state, decided } = await readStates(this.#device, launches, this.#control);
    if (decided) {
      // Only the GPU knows which of the steps were taken.
      for (const record of records) {
        const { step, memory } = this.#steps!.taken(decided, record);
        groups[record.index]!.step = step;
        if (groups[record.index]!.memory) groups[record.index]!.memory = { ...memory };
      }
      this.#steps!.learn(decided);
    }
    return { format: "webgpu-optim", version: 1, rule: this.#rule.name, groups, state };
  }

  /**
   * Restores options, step counts and states, by name: groups match by their set of names, in any order. A schedule of
   * the optimizer stays. No recorded step may be waiting for its submission.
   *
   * @throws {StateDictError} naming what does not fit; nothing is changed then
   */
  loadStateDict(state: AnyStateDict): void {
    if (this.#destroyed) refuseDestroyed("loadStateDict()");
    refuseLost(this.#device, "loadStateDict()");
    const records = this.#entries.map(({ record }) => record);
    const lengthOf = (record: GroupRecord<O, Parameter>, position: number) =>
      this.#entries[record.index]!.launch.tensors[position]!.length;
    const plan = planLoad(this.#rule.name, records, lengthOf, state);
    const writes = plan.flatMap(({ record, slots }) => {
      const byName = new Map(record.names.map((name, position) => [name, slots[position]!]));
      return prepareStates(this.#entries[record.index]!.launch, byName);
    });
    for (const { buffer, floats } of writes) this.#device.queue.writeBuffer(buffer, 0, floats);
    applyGroups(plan);
    this.#steps?.restart();
    for (const { launch } of this.#entries) launch.monitor?.clear();
  }

  /** Frees what the optimizer allocated, never the caller's buffers. No recorded step may be waiting. */
  destroy(): void {
    this.#destroyed = true;
    for (const { launch } of this.#entries) launch.destroy();
    this.#control?.destroy();
    this.#entries = [];
  }

  /** Asked anew after waiting: `destroy()` may have been called meanwhile. */
  #isDestroyed(): boolean {
    return this.#destroyed;
  }

  /** Checks groups, allocates for them and, when all went well, makes them part of the optimizer. */
  async #add(call: string, inputs: ParamGroupInput<O>[]): Promise<void> {
    if (this.#destroyed) refuseDestroyed(call);
    const { entries, params } = this.#prepare(inputs);
    await watchDevice(this.#device);
    refuseLost(this.#device, call);
    const buffers = entries.flatMap(({ launch }) =>
      launch.tensors.flatMap(({ param, grad }) => [param.buffer, grad.buffer]),
    );
    await Promise.all([...new Set(buffers)].flatMap((buffer) => arenaReady(buffer) ?? []));
    await Promise.all([...entries.map(({ launch }) => launch.loadKernels()), this.#control?.load()]);
    refuseLost(this.#device, call);
    const launches = entries.map(({ launch }) => launch);
    const present = this.#entries.map(({ launch }) => launch);
    await allocate(this.#device, call, launches, present, this.#control);
    this.#steps?.add(entries.map(({ record }) => record));
    if (this.#isDestroyed()) {
      for (const launch of launches) launch.destroy();
      this.#control?.destroy();
      refuseDestroyed(call);
    }
    this.#params = params;
    this.#entries.push(...entries);
    this.paramGroups.push(...entries.map(({ record }) => record.group));
  }

  /** The checks that need no GPU. */
  #prepare(inputs: ParamGroupInput<O>[]): { entries: Entry<O>[]; params: RangeIndex<GPUBuffer> } {
    const rule = this.#rule;
    const names = this.#entries.flatMap(({ record }) => record.names);
    const first = this.#entries.length;
    const groups = inputs.map((input, position) => {
      const record = new GroupRecord<O, Parameter>(rule, input, first + position, names);
      names.push(...record.names);
      return {
        record,
        tensors: record.group.params.map((parameter, i) => new Tensor(parameter, record.names[i]!)),
      };
    });

    const present = this.#entries.flatMap(({ launch }) => launch.tensors);
    const all = [...present, ...groups.flatMap(({ tensors }) => tensors)];
    const params = indexParams(all);
    for (const { name, grad } of all) refuseOverlap(params, name, grad);

    const entries = groups.map(({ record, tensors }) => {
      const setup = {
        label: this.#label,
        wgsl: rule.wgsl(record.group),
        slots: record.slots,
        initial: rule.initialState?.(record.group) ?? {},
        scalarCount: rule.scalars.length,
        control: this.#control && { control: this.#control, group: record.index },
        hasSteps: rule.effectiveStep !== undefined,
      };
      return { record, launch: new GroupLaunch(this.#device, setup, tensors) };
    });
    return { entries, params };
  }
}

/** Computes the host scalars of a group's next step, and returns what they depend on. @throws {OptionError} when one is beyond float32 */
function stageScalars<O extends RuleOptions>(
  record: GroupRecord<O, Parameter>,
  gradScale: number,
  staging: Float32Array,
): StepContext {
  const { rule, group, index } = record;
  const context = record.nextStep(gradScale);
  const values = rule.hostScalars(group, context);
  for (let i = 0; i < rule.scalars.length; i++) {
    const scalar = rule.scalars[i]!;
    staging[i] = values[scalar]!;
    if (!Number.isFinite(staging[i])) {
      const message =
        `${rule.name}: ${scalar} is ${values[scalar]}, beyond float32, at lr ${context.lr} and step ${context.step} ` +
        `(param group ${index}); lower lr or weightDecay`;
      throw new OptionError(message, "lr", context.lr);
    }
  }
  return context;
}
