// Long runs against the float64 reference: errors may not grow, nor drift to one side.
import { Optimizer } from "../optimizer.js";
import { ReferenceOptimizer } from "../reference/reference-optimizer.js";
import { walkBound } from "./bounds.js";
import { Random } from "./random.js";
import type { Measurement } from "./report.js";
import type { Scratch } from "./scratch.js";
import type { AnyRule } from "./variants.js";

/** Median of |relative error| that a second moment may have after a thousand and more noisy steps. */
const MEDIAN_ERROR = 1e-6;
/** Mean of the signed relative error: what rounds to one side would show here. */
const DRIFT = 2e-7;
/** Deviation of a second moment's relative error: the mean of a few scatters by it, divided by their root. */
const SCATTER = 6e-7;
/** Part of the elements that may be further off where the sign of a step is not always determined. */
const SIGN_OUTLIERS = 0.02;

/** Slots whose elements are sums of squares or magnitudes, so that relative errors mean something. */
const isPositive = (slot: string) => /sq|var|square|sum|inf/i.test(slot);

/**
 * Steps both optimizers with the same noisy gradients, of nine orders of magnitude and with a mean of their own.
 * @param breathe called now and then, so that a page stays alive
 */
export async function measureTrajectory(
  scratch: Scratch,
  rule: AnyRule,
  { length, steps, seed }: { length: number; steps: number; seed: number },
  breathe: () => Promise<void>,
): Promise<Measurement[]> {
  const random = new Random(seed);
  const start = random.normals(length);
  const grad = new Float32Array(length);
  const buffers = { param: scratch.buffer(start), grad: scratch.buffer(length) };
  const optimizer = await Optimizer.create(scratch.device, [buffers], rule);
  const param = Float64Array.from(start);
  const [path, largest] = [new Float64Array(length), new Float64Array(length)];
  const reference = new ReferenceOptimizer([{ param, grad }], rule);
  try {
    for (let step = 0; step < steps; step++) {
      for (let i = 0; i < length; i++) grad[i] = MAGNITUDES[i % MAGNITUDES.length]! * (0.3 + random.normal());
      scratch.device.queue.writeBuffer(buffers.grad, 0, grad);
      optimizer.step();
      const before = param.slice();
      reference.step();
      for (let i = 0; i < length; i++) {
        path[i]! += Math.abs(param[i]! - before[i]!);
        largest[i] = Math.max(largest[i]!, Math.abs(before[i]!), Math.abs(param[i]!));
      }
      if (step % 100 === 99) await breathe();
    }
    const actual = (await optimizer.stateDict()).state["0.0"]!;
    const expected = reference.stateDict().state["0.0"]!;
    const stepped = await scratch.read(buffers.param);
    const used = Array.from(param, (value, i) => {
      return Math.abs(stepped[i]! - value) / walkBound(steps, largest[i]!, path[i]!);
    });
    const slots = Object.keys(expected).filter(isPositive);
    return [
      paramError(rule.name, used),
      ...slots.flatMap((slot) => momentErrors(slot, actual[slot]!, expected[slot]!)),
    ];
  } finally {
    optimizer.destroy();
  }
}

function paramError(rule: string, used: readonly number[]): Measurement {
  if (rule !== "lion") return { quantity: "param", error: Math.max(...used), bound: 1, unit: "of bound" };
  const error = used.filter((value) => !(value <= 1)).length;
  const bound = Math.ceil(SIGN_OUTLIERS * used.length);
  return { quantity: "param, elements beyond the bound", error, bound, unit: "elements" };
}

/** Magnitudes of the gradients: element i has that of i modulo their number. */
const MAGNITUDES = Array.from({ length: 9 }, (_, i) => 10 ** (i - 6));

/** Median and drift; the drift of each magnitude by itself too, because drifts to two sides would cancel. */
function momentErrors(slot: string, actual: ArrayLike<number>, expected: ArrayLike<number>): Measurement[] {
  const errors = Array.from(expected, (value, i) => (actual[i]! - value) / Math.abs(value));
  const byMagnitude = MAGNITUDES.map((_, magnitude) =>
    errors.filter((_, i) => i % MAGNITUDES.length === magnitude),
  );
  const median = errors.map(Math.abs).sort((a, b) => a - b)[errors.length >> 1]!;
  const mean = (values: number[]) => Math.abs(values.reduce((sum, error) => sum + error, 0) / values.length);
  const few = Math.min(...byMagnitude.map(({ length }) => length));
  return [
    { quantity: `${slot}, median`, error: median, bound: MEDIAN_ERROR, unit: "relative" },
    { quantity: `${slot}, signed mean`, error: mean(errors), bound: DRIFT, unit: "relative" },
    {
      quantity: `${slot}, signed mean of one magnitude`,
      error: Math.max(...byMagnitude.map(mean)),
      bound: DRIFT + (4 * SCATTER) / Math.sqrt(few),
      unit: "relative",
    },
  ];
}
