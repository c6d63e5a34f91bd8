// The golden trajectories of test/golden, and how the reference implementations' names map to ours.

/** What a reference implementation had after some steps: by tensor, and by slot and tensor. */
export type GoldenExpectation = { params: number[][]; state: Record<string, number[][]> };

/** One file of test/golden; its README describes the format. */
export type GoldenRun = {
  name: string;
  optimizer: string;
  /** Which implementation produced it; the runs of NAdam, whose reference is PyTorch 2, name none. */
  source: string | number;
  options: Record<string, unknown>;
  lrPerStep?: number[];
  shapes: number[];
  steps: number;
  initial: number[][];
  grads: number[][][];
  /** By the number of steps taken. */
  expected: Record<string, GoldenExpectation>;
};

/** Every run, by the order of its file name. */
export const goldenRuns: GoldenRun[] = Object.values(
  import.meta.glob<GoldenRun>("../golden/*.json", { eager: true, import: "default" }),
);

/** Options that a run leaves out have the reference's default; here are those that are not also ours. */
const REFERENCE_DEFAULTS: Record<string, object> = { AdaBelief: { rectify: true } };

/** `exp_avg_sq` as `expAvgSq`. */
export function toCamelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The name of our rule for a class of a reference implementation. */
export function ruleNameOf({ optimizer }: GoldenRun): string {
  return optimizer.toLowerCase();
}

/** A run's options by our names. */
export function optionsOf({ optimizer, options }: GoldenRun): Record<string, unknown> {
  const given = Object.entries(options).map(([name, value]) => [toCamelCase(name), value]);
  return { ...REFERENCE_DEFAULTS[optimizer], ...(Object.fromEntries(given) as object) };
}
