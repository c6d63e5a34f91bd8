// Compares what the monitor tells with the float64 reference, field by field.
import type { GroupStats, ParameterStats, StepStats } from "webgpu-optim";
import { expect } from "vitest";

/** Sums of squares in float32 are right to about 1e-6, and so are updates whose gradients were clipped by them. */
const RELATIVE = 3e-6;

function compare(path: string, actual: number, expected: number): void {
  if (Number.isNaN(expected)) {
    expect(actual, path).toBeNaN();
    return;
  }
  expect(Math.abs(actual - expected), `${path}: ${actual}, expected ${expected}`).toBeLessThanOrEqual(
    RELATIVE * Math.abs(expected),
  );
}

/** Elements that lie in another bin: at an edge, the next one. */
function misplaced(actual: readonly number[], expected: readonly number[]): number {
  let [carried, moved] = [0, 0];
  actual.forEach((count, bin) => {
    carried += count - expected[bin]!;
    moved += Math.abs(carried);
  });
  return carried === 0 ? moved : Infinity;
}

function compareParameter(path: string, actual: ParameterStats, expected: ParameterStats): void {
  compare(`${path}.gradNorm`, actual.gradNorm, expected.gradNorm);
  compare(`${path}.updateNorm`, actual.updateNorm, expected.updateNorm);
  compare(`${path}.largestUpdate`, actual.largestUpdate, expected.largestUpdate);
  compare(`${path}.paramNorm`, actual.paramNorm, expected.paramNorm);
  expect(actual.nonFiniteCount, `${path}.nonFiniteCount`).toBe(expected.nonFiniteCount);
  expect(actual.cappedFraction, `${path}.cappedFraction`).toBe(expected.cappedFraction);
  expect(actual.stepSizes?.edges).toEqual(expected.stepSizes?.edges);
  if (!expected.stepSizes) return;
  const [counts, expectedCounts] = [actual.stepSizes!.counts, expected.stepSizes.counts];
  expect(
    misplaced(counts, expectedCounts),
    `${path}: [${counts.join()}], expected [${expectedCounts.join()}]`,
  )
    // One element may stand at an edge.
    .toBeLessThanOrEqual(1);
}

function compareGroup(path: string, actual: GroupStats, expected: GroupStats): void {
  expect(actual.step, `${path}.step`).toBe(expected.step);
  compareParameter(path, actual, expected);
  expect(Object.keys(actual.params)).toEqual(Object.keys(expected.params));
  for (const [name, each] of Object.entries(actual.params)) {
    compareParameter(`${path}.params.${name}`, each, expected.params[name]!);
  }
}

/** Fails where a figure is not what the reference says. */
export function expectSameStats(actual: StepStats, expected: StepStats): void {
  expect(actual.step).toBe(expected.step);
  expect(actual.skippedSteps).toBe(expected.skippedSteps);
  compare("gradNorm", actual.gradNorm, expected.gradNorm);
  compare("clipFactor", actual.clipFactor, expected.clipFactor);
  expect(actual.groups).toHaveLength(expected.groups!.length);
  actual.groups!.forEach((group, index) => {
    compareGroup(`groups[${index}]`, group, expected.groups![index]!);
  });
}
