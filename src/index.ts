// The public surface of `webgpu-optim`: named re-exports, no logic.
export { ParameterArena, type ArenaBindings } from "./arena.js";
export {
  DeviceError,
  OptimizerError,
  OptionError,
  ParameterError,
  StateDictError,
  UsageError,
} from "./errors.js";
export { MAX_FLOAT32, SMALLEST_NORMAL, averageLength, memory, rectification } from "./host-scalars.js";
export { LossScale, type LossScaleOptions } from "./loss-scale.js";
export type { OptimizerOptions } from "./gradient-options.js";
export { deviceRequirements, type DeviceRequirements } from "./gpu/limits.js";
export type { Parameter } from "./gpu/tensor.js";
export {
  decayRate,
  decayRates,
  flag,
  learningRate,
  nonNegative,
  positive,
  threeDecayRates,
  withOptions,
} from "./options.js";
export { Optimizer, type ParamGroup, type ParamGroupInput, type StepOptions } from "./optimizer.js";
export type {
  EffectiveStep,
  Memory,
  OptionSpec,
  OptionTable,
  Overrides,
  ReferenceUpdate,
  RuleOptions,
  Schedule,
  StepContext,
  UpdateRule,
} from "./rule.js";
export { adabelief, type AdaBeliefOptions } from "./rules/adabelief.js";
export { adam, type AdamOptions } from "./rules/adam.js";
export { adamw, type AdamWOptions } from "./rules/adamw.js";
export {
  constantSchedule,
  cosineSchedule,
  exponentialSchedule,
  linearSchedule,
  oneCycleSchedule,
  piecewiseSchedule,
  stepSchedule,
  warmupCosineSchedule,
} from "./schedules.js";
export type { AnyStateDict, SavedGroup, StateDict } from "./state-dict.js";
export type { GroupStats, ParameterStats, StepSizeHistogram, StepStats } from "./step-stats.js";
export { watchSteps, type WatchOptions } from "./watch-steps.js";
export { adagrad, type AdagradOptions } from "./rules/adagrad.js";
export { adamax, type AdamaxOptions } from "./rules/adamax.js";
export { lion, type LionOptions } from "./rules/lion.js";
export { nadam, type NadamOptions } from "./rules/nadam.js";
export { radam, type RadamOptions } from "./rules/radam.js";
export { rmsprop, type RmspropOptions } from "./rules/rmsprop.js";
export { sgd, type SgdOptions } from "./rules/sgd.js";
