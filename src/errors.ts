// The typed errors of the package. Every message names what is wrong, where, and the remedy when there is one.

/** Base class: `error instanceof OptimizerError` catches everything that this package throws on purpose. */
export class OptimizerError extends Error {
  override name = "OptimizerError";
}

/** An option of a rule, of a param group, of `create()` or of `step()` is unknown, mistyped or out of range. */
export class OptionError extends OptimizerError {
  override name = "OptionError";
  constructor(
    message: string,
    /** The option at fault, as it is spelled in the interface. */
    readonly option: string,
    /** The value that was refused. */
    readonly value: unknown,
  ) {
    super(message);
  }
}

/** A parameter, its gradient or a group of them cannot be stepped: buffer, range, length, overlap or name. */
export class ParameterError extends OptimizerError {
  override name = "ParameterError";
}

/** A state does not fit the optimizer that is to load it. Nothing was changed. */
export class StateDictError extends OptimizerError {
  override name = "StateDictError";
}

/** A call that is not legal now, such as `step()` after `destroy()`. */
export class UsageError extends OptimizerError {
  override name = "UsageError";
}

/** The device was lost, ran out of memory or refused a command of ours. */
export class DeviceError extends OptimizerError {
  override name = "DeviceError";
}

/** A value as an error message shows it. */
export function show(value: unknown): string {
  if (typeof value === "string") return `"${value}" (string)`;
  if (typeof value === "number" || value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value === "boolean" || typeof value === "bigint") return `${value} (${typeof value})`;
  return typeof value === "function" ? "a function" : `an object (${Object.prototype.toString.call(value)})`;
}

/** Of the known names, the one that a misspelt name most likely meant, as the end of a message. */
export function suggest(name: string, known: readonly string[]): string {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(2, name.length / 2)
    ? `; did you mean "${best.candidate}"?`
    : `; known: ${known.join(", ")}`;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
