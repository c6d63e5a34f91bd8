// The limit: kernels that move the bytes of a step without its arithmetic. One mirrors the package (its bindings,
// segment table and launch), others are written by hand and tuned on their own; the fastest one is the limit.
import type { RuleOptions, UpdateRule } from "webgpu-optim";
import { GpuTimer } from "../../demo/shared/gpu-timer";
import { type Competitor, compete, prepare, type SamplingEffort } from "../measure";
import type { Entrant } from "../rows";
import { ruleOf, slotsOf } from "../rules";
import { NotMeasurableError, type Runner } from "../runner";
import { spread } from "../statistics";
import { ByHand, type Shape, SHAPES } from "./streaming-by-hand";
import { mirrorWgsl } from "./streaming-wgsl";
import { createOptimizer } from "./webgpu-optim";

/** All shapes once, to leave most of them out. */
const GLANCE = { sampleMs: 5, samples: 2, minSamples: 2, competitorMs: 50, warmSteps: 1 };
const GLANCE_KEPT = 6;
/** The rest a few times. */
const TRIAL = { sampleMs: 10, samples: 5, minSamples: 3, competitorMs: 200, warmSteps: 1 };
/** Shapes that compete with the mirror. */
const FINALISTS = 2;
/** Sizes that stand for larger ones. */
const GLANCED_PARAMETERS = 2 ** 20;
const TRIED_PARAMETERS = 2 ** 22;

/** The package's own launch with a rule that only moves bytes. */
async function createMirror(device: GPUDevice, entrant: Entrant): Promise<Runner> {
  const rule = ruleOf(entrant.rule);
  const mirror: UpdateRule<RuleOptions> = { ...rule, wgsl: () => mirrorWgsl(rule) };
  const runner = await createOptimizer(device, entrant, mirror);
  return { ...runner, kernel: "as the package" };
}

/**
 * The mirror and, where they can do it, kernels written by hand.
 * @param known shapes for those who have no time to look for the fastest ones
 */
export async function createStreaming(
  device: GPUDevice,
  entrant: Entrant,
  known?: readonly Shape[],
): Promise<Runner[]> {
  const runners = [await createMirror(device, entrant)];
  try {
    const shapes = known ?? (await fastestShapes(device, entrant));
    const byHand = await ByHand.create(device, entrant);
    for (const shape of shapes) runners.push(await byHand.runner(shape));
  } catch (error) {
    if (!(error instanceof NotMeasurableError)) {
      for (const runner of runners) runner.destroy();
      throw error;
    }
  }
  return runners;
}

/** The shapes found fastest so far, by device, then by slots and size. */
const found = new WeakMap<GPUDevice, Map<string, readonly Shape[]>>();

/** The shapes to compete with the mirror: the best of a glance at all, tried on tensors of this size. */
async function fastestShapes(device: GPUDevice, entrant: Entrant): Promise<readonly Shape[]> {
  const rounded = 2 ** Math.round(Math.log2(entrant.parameters));
  const sized = (most: number): Entrant => ({ ...entrant, parameters: Math.min(rounded, most) });
  const promising = await rank(device, sized(GLANCED_PARAMETERS), SHAPES, GLANCE, GLANCE_KEPT);
  return rank(device, sized(TRIED_PARAMETERS), promising, TRIAL, FINALISTS);
}

/** The fastest so many of some shapes. */
async function rank(
  device: GPUDevice,
  entrant: Entrant,
  shapes: readonly Shape[],
  effort: SamplingEffort,
  kept: number,
): Promise<readonly Shape[]> {
  const known = found.get(device) ?? new Map<string, readonly Shape[]>();
  found.set(device, known);
  const key = `${slotsOf(ruleOf(entrant.rule)).length}/${entrant.parameters}/${kept}`;
  const fastest = known.get(key) ?? (await compare(device, entrant, shapes, effort)).slice(0, kept);
  known.set(key, fastest);
  return fastest;
}

/** Shapes, the fastest first. */
async function compare(
  device: GPUDevice,
  entrant: Entrant,
  shapes: readonly Shape[],
  effort: SamplingEffort,
): Promise<Shape[]> {
  const timer = GpuTimer.create(device);
  const timing = timer ? "timestamp-query" : "submission";
  const byHand = await ByHand.create(device, entrant);
  try {
    const competitors: { shape: Shape; competitor: Competitor }[] = [];
    for (const shape of byHand.shapes(shapes)) {
      competitors.push({
        shape,
        competitor: await prepare(await byHand.runner(shape), timing, timer, effort),
      });
    }
    await compete(
      competitors.map(({ competitor }) => competitor),
      timer,
      effort,
    );
    return competitors
      .filter(({ competitor }) => competitor.samples.length > 0)
      .map(({ shape, competitor }) => ({ shape, ms: spread(competitor.samples).median }))
      .sort((a, b) => a.ms - b.ms)
      .map(({ shape }) => shape);
  } finally {
    byHand.destroy();
    timer?.destroy();
  }
}
