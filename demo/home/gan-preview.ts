// The preview of "GAN": a pair of networks learns from a few hundred digits, and draws its own on noise that stays. Must
// not know the page.
import { linearSchedule } from "webgpu-optim";
import { SIDE } from "../digits/data";
import { drawInk } from "../digits/ink";
import { fixedNoise, GanTrainer } from "../gan/trainer";
import { advisedRule } from "../learning/advised-rules";
import { cssColor } from "../shared/color";
import { DIGIT_SAMPLE } from "./digit-sample";
import type { Preview } from "./preview";

const COLUMNS = 6;
const ROWS = 4;
const BATCH = 32;
const TOTAL_STEPS = 700;
/** Much faster than advised: digits show after some 300 steps, and then it falls for them to become clear. */
const LR = linearSchedule({ init: 4e-3, end: 5e-4, begin: 300, steps: TOTAL_STEPS - 300 });
/** Frames for which the last drawings stay. */
const REST = 60;

export async function openPreview(device: GPUDevice, canvas: HTMLCanvasElement): Promise<Preview> {
  const context = canvas.getContext("2d")!;
  const ink = document.createElement("canvas");
  ink.width = COLUMNS * SIDE;
  ink.height = ROWS * SIDE;

  let runs = 0;
  const next = async () => {
    runs++;
    const options = { batch: BATCH, totalSteps: TOTAL_STEPS, seed: runs };
    return {
      trainer: await GanTrainer.create(device, DIGIT_SAMPLE, options, advisedRule("gan", "adabelief", LR)),
      noise: fixedNoise(COLUMNS * ROWS, runs),
    };
  };
  let run = await next();
  let restedFor = 0;

  const draw = (pixels: Float32Array) => {
    const { width, height } = canvas;
    context.fillStyle = cssColor("--panel");
    context.fillRect(0, 0, width, height);
    drawInk(ink, pixels, 1, cssColor("--ink"));
    const size = Math.min(width / COLUMNS, height / ROWS);
    for (let index = 0; index < COLUMNS * ROWS; index++) {
      const column = index % COLUMNS;
      const row = Math.floor(index / COLUMNS);
      const x = (width * (column + 0.5)) / COLUMNS - size / 2;
      const y = (height * (row + 0.5)) / ROWS - size / 2;
      context.drawImage(ink, column * SIDE, row * SIDE, SIDE, SIDE, x, y, size, size);
    }
  };

  return {
    async frame() {
      if (restedFor === REST) {
        run.trainer.destroy();
        run = await next();
        restedFor = 0;
      }
      const { trainer, noise } = run;
      if (trainer.step === trainer.totalSteps) restedFor++;
      else await trainer.train(1);
      draw(await trainer.pixels(noise));
    },
  };
}
