// What a run of the conformance suite reports: plain JSON.

/** One quantity of a case: the parameter, a state slot, or what the case compares. */
export type Measurement = {
  quantity: string;
  /** The worst error, in `unit`. */
  error: number;
  /** What the contract allows, in `unit`. */
  bound: number;
  /**
   * "ulp": of the float32 at the largest term; "of bound": the error as a part of an absolute bound; "relative": to the
   * reference; "elements": how many differ.
   */
  unit: "ulp" | "of bound" | "relative" | "elements";
  /** Where the worst error is, for a quantity with elements. */
  at?: {
    index: number;
    /** The values from `first` on: those of the kernel and of the reference, a few neighbours on each side. */
    first: number;
    actual: number[];
    expected: number[];
  };
};

/** What a case measured. */
export type CaseResult = {
  /** Unique, and the same in every run. */
  name: string;
  /** The rule it is about. */
  rule: string;
  kind: string;
  passed: boolean;
  measurements: Measurement[];
  /** What was thrown, if the case could not be run to its end. */
  thrown?: string;
  durationMs: number;
};

/** What a run reports. */
export type ConformanceReport = {
  format: "webgpu-optim/conformance";
  version: 1;
  adapter: { vendor: string; architecture: string; device: string; description: string; fallback: boolean };
  features: string[];
  limits: Record<string, number>;
  /** The user agent, or what stands for it outside a browser. */
  browser: string;
  cases: CaseResult[];
  passed: number;
  failed: number;
  /** Whether the run was stopped by its signal. */
  aborted: boolean;
  durationMs: number;
};

/** The values around an index, rows to be shown side by side. */
export function around(
  index: number,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): Measurement["at"] {
  const first = Math.max(0, index - 2);
  const slice = (values: ArrayLike<number>) =>
    Array.prototype.slice.call(values, first, index + 3) as number[];
  return { index, first, actual: slice(actual), expected: slice(expected) };
}
