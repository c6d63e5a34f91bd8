// The preview of "Inside the belief": the effective steps of Adam and AdaBelief, story after story, each run on the GPU and
// then drawn from left to right. Must not know the page.
import { runOnGpu } from "../belief/gpu-run";
import { effectiveSteps } from "../belief/measures";
import { STORIES, STORY_NAMES } from "../belief/stories";
import { makeStream } from "../belief/stream";
import { NO_REMEDIES, variantsOf } from "../belief/variants";
import { cssColor } from "../shared/color";
import { ruleColor, ruleLabel } from "../shared/rules";
import type { Preview } from "./preview";

const LR = 0.001;
const STEP_COUNT = 600;
const STEPS_PER_FRAME = 4;
/** Frames for which a finished curve stays. */
const REST = 60;
/** Powers of ten from bottom to top. */
const DECADES = { from: -1.2, to: 1.6 };

export async function openPreview(device: GPUDevice, canvas: HTMLCanvasElement): Promise<Preview> {
  const context = canvas.getContext("2d")!;
  const variants = variantsOf({ lr: LR, beta1: 0.9, beta2: 0.999, remedies: NO_REMEDIES });
  let runs = 0;
  const next = async () => {
    const { shape } = STORIES[STORY_NAMES[(runs + 1) % STORY_NAMES.length]!];
    runs++;
    // The page's stories are longer; here they are told in fewer steps.
    const pace = STEP_COUNT / shape.steps;
    const stream = makeStream({
      ...shape,
      steps: STEP_COUNT,
      changeAt: shape.changeAt * pace,
      meanHalfLife: shape.meanHalfLife && shape.meanHalfLife * pace,
      noiseHalfLife: shape.noiseHalfLife && shape.noiseHalfLife * pace,
      seed: runs,
    });
    return effectiveSteps(await runOnGpu(device, stream.gradients, variants), LR);
  };
  let steps = await next();
  let shownCount = 0;

  const draw = () => {
    const { width, height } = canvas;
    const place = (value: number) =>
      height * (1 - (Math.log10(value) - DECADES.from) / (DECADES.to - DECADES.from));
    context.fillStyle = cssColor("--panel");
    context.fillRect(0, 0, width, height);
    context.lineJoin = "round";
    context.strokeStyle = cssColor("--grid");
    context.lineWidth = 2;
    for (const decade of [0.1, 1, 10]) {
      context.beginPath();
      context.moveTo(0, place(decade));
      context.lineTo(width, place(decade));
      context.stroke();
    }
    context.lineWidth = width / 120;
    context.font = `600 ${height / 20}px system-ui, sans-serif`;
    for (const rule of ["adam", "adabelief"] as const) {
      const color = cssColor(ruleColor(rule));
      context.strokeStyle = color;
      context.beginPath();
      steps.get(rule)!.forEach((value, index) => {
        if (index < shownCount) context.lineTo((width * index) / STEP_COUNT, place(Math.max(value, 1e-3)));
      });
      context.stroke();
      context.fillStyle = color;
      context.fillText(ruleLabel(rule), width * 0.04, height * (rule === "adam" ? 0.94 : 0.09));
    }
  };

  return {
    async frame() {
      if (shownCount > STEP_COUNT + REST * STEPS_PER_FRAME) {
        steps = await next();
        shownCount = 0;
      }
      shownCount += STEPS_PER_FRAME;
      if (shownCount <= STEP_COUNT) draw();
    },
  };
}
