// The public surface of `webgpu-optim`: named re-exports, no logic.
export { ParameterArena, type ArenaBindings } from "./arena";
export {
  DeviceError,
  OptimizerError,
  OptionError,
  ParameterError,
  StateDictError,
  UsageError,
} from "./errors";
export { deviceRequirements, type DeviceRequirements } from "./gpu/limits";
export type { Parameter } from "./gpu/tensor";
export {
  Optimizer,
  type OptimizerOptions,
  type ParamGroup,
  type ParamGroupInput,
  type StepOptions,
} from "./optimizer";
export type { ReferenceUpdate, RuleOptions, Schedule, StepContext, UpdateRule } from "./rule";
export { adabelief, type AdaBeliefOptions } from "./rules/adabelief";
export { adam, type AdamOptions } from "./rules/adam";
export { adamw, type AdamWOptions } from "./rules/adamw";
export type { AnyStateDict, SavedGroup, StateDict } from "./state-dict";
