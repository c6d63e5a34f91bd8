// Measurements and results in words. Must not know where they are shown.
import type { CaseResult, ConformanceReport, Measurement } from "webgpu-optim/conformance";
import { browserName } from "../shared/browser-name";
import { adapterName } from "../shared/device";
import { formatCount, formatDuration, formatPercent } from "../shared/format";
import { outcomesByRule } from "./outcome";

/** Failing cases that a summary names. */
const NAMED_FAILURES = 5;
/** Significant digits that tell any two float32 apart. */
const FLOAT32_DIGITS = 9;

/** A size in three digits: 2.51, 3.1e-8. */
export function formatSize(value: number): string {
  const magnitude = Math.abs(value);
  if (value === 0 || !Number.isFinite(value)) return String(value);
  if (magnitude >= 1e4 || magnitude < 1e-3) return value.toExponential(1).replace("e+", "e");
  return String(Number(value.toPrecision(3)));
}

/** A value of a kernel or of the reference, with all digits of a float32. */
export function formatValue(value: number): string {
  const magnitude = Math.abs(value);
  if (value === 0 || !Number.isFinite(value)) return String(value);
  if (magnitude < 1e-3 || magnitude >= 1e9) {
    return value.toExponential(FLOAT32_DIGITS - 1).replace(/\.?0*e\+?/, "e");
  }
  return String(Number(value.toPrecision(FLOAT32_DIGITS)));
}

/** How much of a bound was used: 63.1 %. Never rounded across the limit. */
export function formatUsed(used: number): string {
  if (!Number.isFinite(used)) return "∞";
  const tenths = used > 1 ? Math.ceil(1000 * used) : Math.floor(1000 * used);
  return used < 10 ? formatPercent(tenths / 1000, 1) : `${formatSize(100 * used)} %`;
}

/** An error with its unit and its bound: 2.51 of 4 ulp. */
export function formatError({ error, bound, unit }: Measurement): string {
  switch (unit) {
    case "of bound":
      // Not rounded up to the bound.
      return `${formatSize(error < 1 ? Math.floor(1000 * error) / 1000 : error)} of its bound`;
    case "elements":
      return `${formatSize(error)} of ${formatSize(bound)} allowed`;
    default:
      return `${formatSize(error)} of ${formatSize(bound)} ${unit}`;
  }
}

/** An error in a sentence: where it is, how large, and how large it may be. */
export function describeError({ error, bound, unit, at }: Measurement): string {
  const column = at ? at.index - at.first : 0;
  const difference = at ? Math.abs(at.actual[column]! - at.expected[column]!) : NaN;
  const off = `off by ${formatSize(difference)}`;
  const where = at ? ` at index ${formatCount(at.index)}` : "";
  switch (unit) {
    case "ulp":
      return `${at ? `${off}, ` : ""}${formatSize(error)} ulp,${where}; ${formatSize(bound)} ulp allowed`;
    case "of bound":
      // The bound is not the same for all elements: that of the worst one follows from its error.
      return at && error > 0 && Number.isFinite(difference / error)
        ? `${off}${where}; ${formatSize((difference * bound) / error)} allowed`
        : `${formatSize(error)} of its bound${where}`;
    case "relative":
      return `${formatSize(error)} relative${where}; ${formatSize(bound)} allowed`;
    case "elements":
      return `${formatSize(error)}; ${formatSize(bound)} allowed`;
  }
}

/** All 948 cases pass; 3 of 948 cases fail. */
export function formatVerdict(passed: number, total: number): string {
  if (passed === total) return total === 1 ? "The case passes" : `All ${formatCount(total)} cases pass`;
  const failed = total - passed;
  return `${formatCount(failed)} of ${formatCount(total)} cases ${failed === 1 ? "fails" : "fail"}`;
}

/** The name without the rule, which stands in a column of its own. */
export const shortName = ({ name, rule }: Pick<CaseResult, "name" | "rule">): string =>
  name.startsWith(`${rule}: `) ? name.slice(rule.length + 2) : name;

/** A few lines about a run, to be pasted anywhere; `total` is the number of cases that it was to have. */
export function summaryOf(report: ConformanceReport, total: number, filter: string): string {
  const { cases, passed } = report;
  const rules = [...new Set(cases.map(({ rule }) => rule))];
  const width = Math.max(...rules.map((rule) => rule.length));
  const uses = outcomesByRule(rules, cases).map(({ rule, worst, failedCount }) => {
    const used = worst ? formatUsed(worst.used) : "nothing measured";
    return `  ${rule.padEnd(width)}  ${used.padStart(7)}${failedCount > 0 ? `  ${formatCount(failedCount)} failed` : ""}`;
  });
  const failures = cases.filter((result) => !result.passed).map(({ name }) => `  ${name}`);
  const unnamed = failures.length - NAMED_FAILURES;
  return [
    `webgpu-optim conformance: ${formatCount(passed)} of ${formatCount(cases.length)} cases pass`,
    ...(filter === "" ? [] : [`Only cases whose name contains "${filter}"`]),
    ...(cases.length < total ? [`Stopped before the other ${formatCount(total - cases.length)}`] : []),
    `GPU: ${adapterName(report.adapter)}`,
    `Browser: ${browserName(report.browser)}`,
    `Time: ${formatDuration(report.durationMs)}`,
    "Largest part of the bound used (limit 100 %):",
    ...uses,
    ...(failures.length > 0 ? ["Failing:", ...failures.slice(0, NAMED_FAILURES)] : []),
    ...(unnamed > 0 ? [`  and ${formatCount(unnamed)} more`] : []),
  ].join("\n");
}
