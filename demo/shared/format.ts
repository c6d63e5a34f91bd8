// Numbers as the pages write them. Must not know what they measure.

/** A whole number with its thousands apart: 1,872. */
export const formatCount = (value: number): string => value.toLocaleString("en");

/** A fraction as a percentage: 0.9731 is 97.31 % with two digits. */
export const formatPercent = (fraction: number, digits: number): string =>
  `${(100 * fraction).toFixed(digits)} %`;

/** Seconds, or minutes and seconds: 8 s, 1 min 05 s. */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}
