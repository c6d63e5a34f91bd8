// What results mean: how much of its bound an error took, and the worst by case and by rule. Must not know the page.
import type { CaseResult, ConformanceReport, Measurement } from "webgpu-optim/conformance";
import { runConformance } from "webgpu-optim/conformance";

/** A case before it is run. */
export type ListedCase = Pick<CaseResult, "name" | "rule" | "kind">;

/** All cases in the order in which they are run, and the report of a run that had none. */
export async function listCases(
  device: GPUDevice,
): Promise<{ cases: ListedCase[]; emptyReport: ConformanceReport }> {
  const cases: ListedCase[] = [];
  const emptyReport = await runConformance(device, {
    filter(listed) {
      cases.push(listed);
      return false;
    },
  });
  return { cases, emptyReport };
}

/** Whether a name contains a text, in whatever case both are written. */
export const contains = (name: string, text: string) => name.toLowerCase().includes(text.toLowerCase());

export const isWithin = ({ error, bound }: Measurement): boolean => error <= bound;

/** The part of the bound that the error took: above 1 it is broken. What is no number breaks any bound. */
export function usedOf({ error, bound }: Measurement): number {
  if (error === 0) return 0;
  const used = error / bound;
  return Number.isNaN(used) ? Infinity : used;
}

/** The measurement that is closest to its bound, or furthest beyond it. */
export function worstOf(measurements: readonly Measurement[]): Measurement | undefined {
  return measurements.reduce<Measurement | undefined>(
    (worst, one) => (worst && usedOf(worst) >= usedOf(one) ? worst : one),
    undefined,
  );
}

/** The worst of a rule over its cases so far. */
export type RuleOutcome = {
  rule: string;
  caseCount: number;
  failedCount: number;
  /** Absent when no case measured anything. */
  worst?: { name: string; measurement: Measurement; used: number };
};

/** By rule, in the order of the rules. */
export function outcomesByRule(rules: readonly string[], results: readonly CaseResult[]): RuleOutcome[] {
  const outcomes = new Map(
    rules.map((rule): [string, RuleOutcome] => [rule, { rule, caseCount: 0, failedCount: 0 }]),
  );
  for (const { rule, name, passed, measurements } of results) {
    const outcome = outcomes.get(rule);
    if (!outcome) continue;
    outcome.caseCount++;
    if (!passed) outcome.failedCount++;
    const measurement = worstOf(measurements);
    if (!measurement) continue;
    const used = usedOf(measurement);
    if (!outcome.worst || used > outcome.worst.used) outcome.worst = { name, measurement, used };
  }
  return [...outcomes.values()];
}

/** A report of what was run before something ended the run. */
export function partialReport(
  emptyReport: ConformanceReport,
  cases: readonly CaseResult[],
  durationMs: number,
): ConformanceReport {
  const passed = cases.filter((result) => result.passed).length;
  const failed = cases.length - passed;
  return { ...emptyReport, cases: [...cases], passed, failed, aborted: true, durationMs };
}
