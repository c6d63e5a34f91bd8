// Every case of the suite, generated from the registry: rule × options × gradients × sizes × what is done.
import { behaviours } from "./behaviour.js";
import { randomStart, regimes } from "./inputs.js";
import { measureStep } from "./one-step.js";
import type { Measurement } from "./report.js";
import type { Scratch } from "./scratch.js";
import { measureTrajectory } from "./trajectory.js";
import { describeOptions, rules } from "./variants.js";

/** A case that has not been run yet. */
export type ConformanceCase = {
  name: string;
  rule: string;
  kind: "one step" | "size" | "trajectory" | "behaviour";
  run: (scratch: Scratch, breathe: () => Promise<void>) => Promise<Measurement[]>;
};

/** Sizes on both sides of each boundary of the kernel, and one that takes many workgroups. */
const sizes = [0, 1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 255, 256, 257, 1_000_003];
/** Completed steps from which one is taken: the first, the one after, where rectified rules turn, and later. */
const startSteps = [0, 1, 5, 99];
/** Elements of a one-step case: whole blocks and a rest. */
const LENGTH = 257;
const TRAJECTORY = { length: 256, steps: 1000, seed: 11 };

/** The worst of each quantity over several measurements of it. */
function worstOf(all: Measurement[][]): Measurement[] {
  const worst = new Map<string, Measurement>();
  for (const measurement of all.flat()) {
    const known = worst.get(measurement.quantity);
    const used = measurement.error / measurement.bound;
    if (!known || !(used <= known.error / known.bound)) worst.set(measurement.quantity, measurement);
  }
  return [...worst.values()];
}

/** All cases, in the order in which they are run. */
export function conformanceCases(): ConformanceCase[] {
  return rules.flatMap(({ name, make, variants }) => {
    const steps = variants.flatMap((options) =>
      regimesFor(options).map((regime): ConformanceCase => ({
        name: `${name}: one step, ${describeOptions(options)}, ${regime.name} gradients`,
        rule: name,
        kind: "one step",
        async run(scratch) {
          const rule = make(options);
          const starts = startSteps.map((step) =>
            randomStart(rule, LENGTH, { step, regime, seed: step + 1 }),
          );
          starts.push(randomStart(rule, LENGTH, { step: 7, regime, gradScale: 1 / 1024, seed: 77 }));
          const all: Measurement[][] = [];
          for (const start of starts) all.push(await measureStep(scratch, rule, start));
          return worstOf(all);
        },
      })),
    );
    const ofSizes = sizes.map((length): ConformanceCase => ({
      name: `${name}: one step of ${length} elements`,
      rule: name,
      kind: "size",
      run: (scratch, breathe) => {
        const rule = make({ weightDecay: 0.1 });
        const start = randomStart(rule, length, { step: 3, regime: regimes[0]!, seed: length });
        return measureStep(scratch, rule, start, { breathe });
      },
    }));
    const structures = variants.filter(isStructure);
    const runs = structures.map((options): ConformanceCase => ({
      name: `${name}: ${TRAJECTORY.steps} noisy steps, ${describeOptions(options)}`,
      rule: name,
      kind: "trajectory",
      run: (scratch, breathe) => measureTrajectory(scratch, make(options), TRAJECTORY, breathe),
    }));
    const bits = Object.entries(behaviours).map(([what, compare]): ConformanceCase => ({
      name: `${name}: ${what}, bit for bit`,
      rule: name,
      kind: "behaviour",
      run: (scratch) => compare(scratch, make()),
    }));
    return [...steps, ...ofSizes, ...runs, ...bits];
  });
}

/** An eps that small leaves the quotient to squares that float32 cannot hold: 1e-40 of gradients of 1e-20. */
const regimesFor = (options: { eps?: number }) =>
  regimes.filter(({ scale }) => (options.eps ?? 1) > 1e-18 || scale >= 1);

/** The defaults, and every option alone that is a kernel or a phase of its own. */
function isStructure(options: object): boolean {
  const keys = Object.keys(options);
  return keys.every((key) => ["amsgrad", "rectify", "momentum", "nesterov", "centered"].includes(key));
}
