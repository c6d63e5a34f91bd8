// The options that handle gradients before a step, and their checks. Shared by the GPU optimizer and the reference.
import { OptionError, show } from "./errors.js";
import { checkKeys } from "./param-groups.js";

/** Options of `create()` that hold for all groups. `monitor` comes in a later version; until then it is refused. */
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
  monitor?: boolean | undefined;
  /** Part of the labels of the optimizer's GPU objects. */
  label?: string | undefined;
};

/** What was decided of the steps run so far, on the GPU. */
export type StepStats = {
  /** Steps run when the figures were read; they are of the last of them. */
  step: number;
  /** Steps left out since the optimizer was made, or its state loaded. */
  skippedSteps: number;
  /**
   * Global L2 norm of the gradients, after `gradScale` and `clipGradValue`; Infinity beyond float32, NaN when an element
   * is not finite or when nothing asks for the norm.
   */
  gradNorm: number;
  /** Factor on the gradients: 1, or clipGradNorm / (gradNorm + 1e-6) when clipped. */
  clipFactor: number;
};

/** The options, complete. */
export type GradientHandling = { clipGradNorm: number; clipGradValue: number; skipNonFinite: boolean };

/** @throws {OptionError} for an unknown, mistyped or illegal option */
export function checkOptimizerOptions(call: string, options: OptimizerOptions): GradientHandling {
  checkKeys(call, options, ["clipGradNorm", "clipGradValue", "skipNonFinite", "monitor", "label"]);
  const {
    clipGradNorm = Infinity,
    clipGradValue = Infinity,
    skipNonFinite = false,
    monitor,
    label,
  } = options;
  const refuse = (option: string, must: string, value: unknown) => {
    throw new OptionError(`${call}: ${option} must be ${must}, got ${show(value)}`, option, value);
  };
  for (const [option, value] of Object.entries({ clipGradNorm, clipGradValue })) {
    if (typeof value !== "number") refuse(option, "a number in (0, ∞]", value);
    if (!(value > 0)) refuse(option, "in (0, ∞]", value);
  }
  if (typeof skipNonFinite !== "boolean") refuse("skipNonFinite", "true or false", skipNonFinite);
  if (label !== undefined && typeof label !== "string") refuse("label", "a string", label);
  if (monitor !== undefined && (monitor as unknown) !== false) {
    throw new OptionError(
      `${call}: monitor is not available in this version; leave it out`,
      "monitor",
      monitor,
    );
  }
  return { clipGradNorm, clipGradValue, skipNonFinite };
}

/** Whether any of it is asked for. */
export function handlesGradients({ clipGradNorm, clipGradValue, skipNonFinite }: GradientHandling): boolean {
  return clipGradNorm < Infinity || clipGradValue < Infinity || skipNonFinite;
}
