// Statistics of samples. Must not know what they measure.

/** Median, least and largest. @throws {RangeError} without samples */
export function spread(samples: readonly number[]): { median: number; min: number; max: number } {
  if (samples.length === 0) throw new RangeError("spread() needs at least one sample");
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}
