// The options that handle gradients before a step, and their checks. Shared by the GPU optimizer and the reference.
import { OptionError, show } from "./errors.js";
import { checkKeys } from "./param-groups.js";

/** Options of `create()` that hold for all groups. */
export type OptimizerOptions = {
  /**
   * Largest global L2 norm over the gradients of all unfrozen groups, after `gradScale` and `clipGradValue`; above it
   * they are scaled by clipGradNorm / (norm + 1e-6) inside the update. In (0, ∞]. A step whose norm is not finite is
   * skipped. Default: none.
   */
  clipGradNorm?: number | undefined;
  /** Largest magnitude of a gradient after `gradScale`, in (0, ∞]; others are clamped to it. Default: none. */
  clipGradValue?: number | undefined;
  /** Leave out a step, of all groups, in which any gradient is NaN or infinite. Default false. */
  skipNonFinite?: boolean | undefined;
  /** Note what each step does, for `stats()`: by group and by parameter (`StepStats.groups`). Default false. */
  monitor?: boolean | undefined;
  /** Part of the labels of the optimizer's GPU objects. */
  label?: string | undefined;
};

/** The options, complete. */
export type GradientHandling = {
  clipGradNorm: number;
  clipGradValue: number;
  skipNonFinite: boolean;
  monitor: boolean;
};

/** @throws {OptionError} for an unknown, mistyped or illegal option */
export function checkOptimizerOptions(call: string, options: OptimizerOptions): GradientHandling {
  checkKeys(call, options, ["clipGradNorm", "clipGradValue", "skipNonFinite", "monitor", "label"]);
  const {
    clipGradNorm = Infinity,
    clipGradValue = Infinity,
    skipNonFinite = false,
    monitor = false,
    label,
  } = options;
  const refuse = (option: string, must: string, value: unknown) => {
    throw new OptionError(`${call}: ${option} must be ${must}, got ${show(value)}`, option, value);
  };
  for (const [option, value] of Object.entries({ clipGradNorm, clipGradValue })) {
    if (typeof value !== "number") refuse(option, "a number in (0, ∞]", value);
    if (!(value > 0)) refuse(option, "in (0, ∞]", value);
  }
  for (const [option, value] of Object.entries({ skipNonFinite, monitor })) {
    if (typeof value !== "boolean") refuse(option, "true or false", value);
  }
  if (label !== undefined && typeof label !== "string") refuse("label", "a string", label);
  return { clipGradNorm, clipGradValue, skipNonFinite, monitor };
}

/** Whether steps are under control of the GPU: handled, or watched. */
export function handlesGradients({
  clipGradNorm,
  clipGradValue,
  skipNonFinite,
  monitor,
}: GradientHandling): boolean {
  return clipGradNorm < Infinity || clipGradValue < Infinity || skipNonFinite || monitor;
}
