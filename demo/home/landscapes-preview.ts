// The preview of "Landscapes": a small swarm of three rules, on one landscape after the other. Must not know the page.
import { type Landscape, LANDSCAPE_NAMES, landscapeOf } from "../landscapes/functions";
import { MapView } from "../landscapes/map-view";
import { Run } from "../landscapes/run";
import type { RuleName } from "../shared/rules";
import type { Preview } from "./preview";

const RULES: readonly RuleName[] = ["adabelief", "adam", "rmsprop"];
const RATES = new Map(RULES.map((rule) => [rule, 0.02]));
const POINT_COUNT = 300;
const STEP_COUNT = 240;
const STEPS_PER_FRAME = 2;

const planOn = (landscape: Landscape, seed: number) => ({
  view: "swarm" as const,
  landscape,
  rules: RULES,
  start: landscape.start,
  count: POINT_COUNT,
  stepCount: STEP_COUNT,
  noise: landscape.noise,
  falls: false,
  seed,
});

export async function openPreview(device: GPUDevice, canvas: HTMLCanvasElement): Promise<Preview> {
  const map = new MapView(device, canvas);
  let runs = 0;
  const next = async () => {
    const landscape = landscapeOf(LANDSCAPE_NAMES[(runs + 4) % LANDSCAPE_NAMES.length]!);
    runs++;
    const made = await Run.create(device, planOn(landscape, runs), RATES);
    map.show(landscape, made.swarm);
    return made;
  };
  let run = await next();
  return {
    async frame() {
      if (run.isDone) {
        const before = run;
        run = await next();
        before.destroy();
      }
      await run.advance(STEPS_PER_FRAME);
      map.draw();
    },
  };
}
