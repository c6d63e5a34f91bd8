// What the page shows of a run: bias-corrected averages, signal-to-noise ratios, effective steps, and how far GPU and float64
// are apart. Must not know how it is drawn.
import type { GpuRun } from "./gpu-run";
import type { ReferenceRun } from "./reference-run";
import type { Stream } from "./stream";
import type { VariantName } from "./variants";

/** Curves over steps; a step has null where there is no value. */
export type Curve = (number | null)[];

export type Averages = {
  /** m, without the pull of its start at 0; the same in all variants. */
  mean: Curve;
  /** Roots of v and s, likewise: what a step is divided by. */
  rootV: Curve;
  rootS: Curve;
};

/** An average without the pull of its start at 0: Adam's bias correction. */
const corrected = (values: Float64Array, beta: number, shape: (value: number) => number): Curve =>
  Array.from(values, (value, index) => shape(value / (1 - beta ** (index + 1))));

export function averagesOf({ states }: ReferenceRun, beta1: number, beta2: number): Averages {
  const adam = states.get("adam")!;
  const belief = states.get("adabelief")!;
  return {
    mean: corrected(adam.expAvg!, beta1, (value) => value),
    rootV: corrected(adam.expAvgSq!, beta2, Math.sqrt),
    rootS: corrected(belief.expAvgVar!, beta2, Math.sqrt),
  };
}

/** |mean| / noise of the stream itself; null where there is no noise. */
export const trueRatio = ({ means, noises }: Stream): Curve =>
  Array.from(means, (mean, step) => (noises[step]! > 0 ? Math.abs(mean) / noises[step]! : null));

/** A variance below this part of v is rounding: of one gradient, there is none. */
const NO_VARIANCE = 1e-12;

/** The ratio as the averages have it: |m| / √(v − m²), the mean over the deviation around it. */
export const seenRatio = ({ mean, rootV }: Averages): Curve =>
  mean.map((value, step) => {
    const size = rootV[step]! ** 2;
    const variance = size - value! ** 2;
    return variance > NO_VARIANCE * size ? Math.abs(value!) / Math.sqrt(variance) : null;
  });

/** Sizes of the steps in units of the learning rate, as the GPU took them. */
export const effectiveSteps = ({ moves }: GpuRun, lr: number): Map<VariantName, number[]> =>
  new Map([...moves].map(([name, values]) => [name, Array.from(values, (move) => Math.abs(move) / lr)]));

export type Summary = { quarters: number[]; largest: number };

/** The mean step of each quarter of a run, and the largest of all. */
export function summarize(steps: readonly number[]): Summary {
  const quarters = [0, 1, 2, 3].map((quarter) => {
    const part = steps.slice(
      Math.floor((quarter * steps.length) / 4),
      Math.floor(((quarter + 1) * steps.length) / 4),
    );
    return part.reduce((sum, step) => sum + step, 0) / part.length;
  });
  return { quarters, largest: steps.reduce((largest, step) => Math.max(largest, step), 0) };
}

/** The largest relative difference between the GPU and float64: of any step, and of any state at the end. */
export function differences(gpu: GpuRun, reference: ReferenceRun): { step: number; state: number } {
  let step = 0;
  let state = 0;
  for (const [name, moves] of gpu.moves) {
    const exact = reference.moves.get(name)!;
    const scale = exact.reduce((largest, move) => Math.max(largest, Math.abs(move)), 0);
    moves.forEach((move, index) => (step = Math.max(step, Math.abs(move - exact[index]!) / scale)));
    for (const [slot, value] of Object.entries(gpu.states.get(name)!)) {
      const values = reference.states.get(name)![slot]!;
      const size = values.reduce((largest, other) => Math.max(largest, Math.abs(other)), 0);
      state = Math.max(state, Math.abs(value - values.at(-1)!) / size);
    }
  }
  return { step, state };
}
