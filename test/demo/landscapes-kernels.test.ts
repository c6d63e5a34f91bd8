// The kernels of the page "Landscapes": gradients against finite differences in float64, noise, and the count of arrivals.
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LANDSCAPE_NAMES, landscapeOf } from "../../demo/landscapes/functions";
import { seededRandom } from "../../demo/shared/random";
import { Demo } from "./demo";
import type { Outcome, Problem } from "./landscapes.page";

const CODE = fileURLToPath(new URL("./landscapes.page.ts", import.meta.url));

/** More points than a workgroup has lanes, and no multiple of them. */
const POINT_COUNT = 333;
/** Central differences of float64: rounding leaves 1e-16/1e-5 of values up to 1e5, curvature 1e-10 of theirs. */
const DELTA = 1e-5;
/** Sums of a few float32 terms, each rounded to 6e-8 of the largest; measured in software: 1e-7. */
const GRADIENT_BOUND = 1e-6;

let demo: Demo;

beforeAll(async () => {
  demo = await Demo.start();
});
afterAll(() => demo.stop());

const solve = (problems: Problem[]) => demo.runModule<Outcome[]>(CODE, problems);

/** Points all over a map, as float32. */
function pointsOn(landscape: Problem["landscape"]): number[] {
  const random = seededRandom(3);
  const { center, halfHeight } = landscapeOf(landscape);
  return Array.from({ length: 2 * POINT_COUNT }, (_, index) =>
    Math.fround(center[index % 2]! + halfHeight * (2 * random() - 1)),
  );
}

const plain = { noise: 0, seed: 1, stepCount: 1, radius: 1 };

describe("gradients", () => {
  it("agree with finite differences, on every landscape", async () => {
    const problems = LANDSCAPE_NAMES.map((landscape) => ({
      ...plain,
      landscape,
      points: pointsOn(landscape),
    }));
    const outcomes = await solve(problems);
    outcomes.forEach(({ gradients }, problem) => {
      const { landscape, points } = problems[problem]!;
      const { value } = landscapeOf(landscape);
      const scale = Math.max(...gradients.map(Math.abs));
      expect(scale, landscape).toBeGreaterThan(0);
      for (let at = 0; at < points.length; at += 2) {
        const x = points[at]!;
        const y = points[at + 1]!;
        const slopes = [
          (value(x + DELTA, y) - value(x - DELTA, y)) / (2 * DELTA),
          (value(x, y + DELTA) - value(x, y - DELTA)) / (2 * DELTA),
        ];
        slopes.forEach((slope, component) => {
          const error = Math.abs(gradients[at + component]! - slope);
          // Terms cancel: an error is measured against the largest gradient of the map.
          expect(error / scale, `${landscape} at ${x}, ${y}`).toBeLessThan(GRADIENT_BOUND);
        });
      }
    });
  });

  it("are 0 at the minimum", async () => {
    const problems = LANDSCAPE_NAMES.map((landscape) => ({
      ...plain,
      landscape,
      points: [...landscapeOf(landscape).minimum],
    }));
    for (const { gradients } of await solve(problems)) {
      for (const component of gradients) expect(Math.abs(component)).toBeLessThan(1e-6);
    }
  });

  it("have normal noise that seed, step and point decide", async () => {
    const count = 20_000;
    const points = Array.from({ length: 2 * count }, () => 0);
    const noisy = { ...plain, landscape: "ravine" as const, noise: 0.5, points };
    const [first, again, later, other] = await solve([
      noisy,
      noisy,
      { ...noisy, stepCount: 2 },
      { ...noisy, seed: 2 },
    ]);
    expect(again).toEqual(first);
    const moments = ({ gradients }: Outcome) => {
      const mean = gradients.reduce((sum, value) => sum + value, 0) / gradients.length;
      const power = (n: number) =>
        gradients.reduce((sum, value) => sum + (value / 0.5) ** n, 0) / gradients.length;
      return { mean, variance: power(2), kurtosis: power(4) };
    };
    const correlation = (a: number[], b: number[]) =>
      a.reduce((sum, value, index) => sum + value * b[index]!, 0) / (a.length * 0.25);
    for (const outcome of [first!, later!, other!]) {
      const { mean, variance, kurtosis } = moments(outcome);
      // Five standard errors of 40 000 numbers.
      expect(Math.abs(mean)).toBeLessThan(0.0125);
      expect(Math.abs(variance - 1)).toBeLessThan(0.036);
      expect(Math.abs(kurtosis - 3)).toBeLessThan(0.25);
    }
    expect(Math.abs(correlation(first!.gradients, later!.gradients))).toBeLessThan(0.025);
    expect(Math.abs(correlation(first!.gradients, other!.gradients))).toBeLessThan(0.025);
    const shifted = [...first!.gradients.slice(1), first!.gradients[0]!];
    expect(Math.abs(correlation(first!.gradients, shifted))).toBeLessThan(0.025);
  });
});

it("counts the points within the radius", async () => {
  const points = pointsOn("beale");
  const [x, y] = landscapeOf("beale").minimum;
  const within = (radius: number) =>
    Array.from({ length: POINT_COUNT }, (_, index) =>
      Math.hypot(points[2 * index]! - x, points[2 * index + 1]! - y),
    ).filter((distance) => distance <= radius).length;
  const radii = [0.01, 1, 2, 100];
  const outcomes = await solve(radii.map((radius) => ({ ...plain, landscape: "beale", points, radius })));
  expect(outcomes.map(({ arrived }) => arrived)).toEqual(radii.map(within));
  expect(within(2)).toBeGreaterThan(0);
  expect(within(100)).toBe(POINT_COUNT);
});
