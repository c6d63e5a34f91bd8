// Finds the learning rate that suits a rule on a landscape: a rehearsal in float64 from the start of the race, one run for
// each rate of a grid. Must not know the GPU or the page.
import { ReferenceOptimizer } from "webgpu-optim/reference";
import type { RuleName } from "../shared/rules";
import { normalFrom, seededRandom } from "../shared/random";
import type { Landscape, Point } from "./functions";
import { raceRule, rateOver } from "./rule-set";

/** 1, 2 and 5 times powers of ten, from 0.0001 to 2. */
const RATES = [-4, -3, -2, -1, 0]
  .flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)))
  .slice(0, -1);

/** Half the distance between the two points of a finite difference. */
const DELTA = 1e-5;

export type Rehearsal = {
  landscape: Landscape;
  start: Point;
  stepCount: number;
  noise: number;
  falls: boolean;
  seed: number;
};

/** The rate whose run is nearest the minimum, on average over its steps: it gets there soon, and stays. */
export function findRate(
  rule: RuleName,
  { landscape, start, stepCount, noise, falls, seed }: Rehearsal,
): number {
  const normal = normalFrom(seededRandom(seed));
  const runs = RATES.map((lr) => ({
    lr,
    param: Float64Array.from(start),
    grad: new Float64Array(2),
    distance: 0,
  }));
  const optimizer = new ReferenceOptimizer(
    runs.map(({ lr, param, grad }) => ({ params: [{ param, grad }], lr: rateOver(lr, stepCount, falls) })),
    raceRule(rule, 1),
  );
  const [minimumX, minimumY] = landscape.minimum;
  for (let step = 0; step < stepCount; step++) {
    // The same noise for all, so that none is merely lucky.
    const noiseX = noise * normal();
    const noiseY = noise * normal();
    for (const { param, grad } of runs) {
      const x = param[0]!;
      const y = param[1]!;
      const { value } = landscape;
      grad[0] = (value(x + DELTA, y) - value(x - DELTA, y)) / (2 * DELTA) + noiseX;
      grad[1] = (value(x, y + DELTA) - value(x, y - DELTA)) / (2 * DELTA) + noiseY;
    }
    optimizer.step();
    for (const run of runs) run.distance += Math.hypot(run.param[0]! - minimumX, run.param[1]! - minimumY);
  }
  // A run that left float64 has a distance of NaN.
  const best = runs.reduce((best, run) => (run.distance < best.distance ? run : best), {
    lr: RATES[0]!,
    distance: Infinity,
  });
  return best.lr;
}
