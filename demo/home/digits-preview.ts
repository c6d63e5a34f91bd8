// The preview of "Digits": a network learns from a few hundred digits and reads twelve that it does not learn from, above
// the curve of its loss. Must not know the page.
import { PIXELS, SIDE } from "../digits/data";
import { drawInk } from "../digits/ink";
import { Trainer } from "../digits/trainer";
import { advisedRule } from "../learning/advised-rules";
import { cssColor } from "../shared/color";
import { DIGIT_SAMPLE } from "./digit-sample";
import type { Preview } from "./preview";

const COLUMNS = 4;
const ROWS = 3;
const SHOWN = COLUMNS * ROWS;
const TRAINED = DIGIT_SAMPLE.count - SHOWN;
const BATCH = 16;
const EPOCHS = 6;
const LR = 4e-4;
/** Frames for which a network that has learned stays. */
const REST = 60;
/** Share of the height for the digits; the curve has the rest. */
const GRID_SHARE = 0.82;
/** The top of the curve: a guess costs ln 10. */
const MAX_LOSS = Math.log(10);

export async function openPreview(device: GPUDevice, canvas: HTMLCanvasElement): Promise<Preview> {
  const context = canvas.getContext("2d")!;
  const { width, height } = canvas;
  const gridHeight = GRID_SHARE * height;
  const cell = { width: width / COLUMNS, height: gridHeight / ROWS };
  const ink = document.createElement("canvas");
  ink.width = COLUMNS * SIDE;
  ink.height = ROWS * SIDE;
  const images = DIGIT_SAMPLE.images.subarray(TRAINED * PIXELS);
  const labels = DIGIT_SAMPLE.labels.subarray(TRAINED);

  let runs = 0;
  const next = () => {
    runs++;
    return Trainer.create(
      device,
      DIGIT_SAMPLE,
      { model: "mlp", batch: BATCH, epochs: EPOCHS, limit: TRAINED, seed: runs, readBatch: SHOWN },
      advisedRule("images", "adabelief", LR),
    );
  };
  let trainer = await next();
  let losses: number[] = [];
  let restedFor = 0;

  const drawDigit = (index: number, digit: number) => {
    const x = (index % COLUMNS) * cell.width;
    const y = Math.floor(index / COLUMNS) * cell.height;
    const isRight = digit === labels[index];
    if (!isRight) {
      context.fillStyle = cssColor("--wrong-paper");
      context.fillRect(x, y, cell.width, cell.height);
    }
    const column = (index % COLUMNS) * SIDE;
    const row = Math.floor(index / COLUMNS) * SIDE;
    const size = 0.86 * cell.height;
    context.drawImage(ink, column, row, SIDE, SIDE, x, y + (cell.height - size) / 2, size, size);
    context.fillStyle = cssColor(isRight ? "--accent" : "--wrong");
    context.fillText(String(digit), x + 0.82 * cell.width, y + cell.height / 2);
  };

  const drawCurve = () => {
    context.strokeStyle = cssColor("--line-train");
    context.lineWidth = width / 120;
    context.beginPath();
    losses.forEach((loss, step) => {
      const down = 1 - Math.min(1, loss / MAX_LOSS);
      context.lineTo(
        (width * step) / (trainer.totalSteps - 1),
        gridHeight + (height - gridHeight) * (0.1 + 0.8 * down),
      );
    });
    context.stroke();
  };

  const draw = (digits: Uint8Array) => {
    context.fillStyle = cssColor("--panel");
    context.fillRect(0, 0, width, height);
    drawInk(ink, images, 255, cssColor("--ink"));
    context.font = `700 ${0.5 * cell.height}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    digits.forEach((digit, index) => {
      drawDigit(index, digit);
    });
    drawCurve();
  };

  return {
    async frame() {
      if (restedFor === REST) {
        trainer.destroy();
        trainer = await next();
        losses = [];
        restedFor = 0;
      }
      if (trainer.step === trainer.totalSteps) restedFor++;
      else losses.push((await trainer.train(1)).loss);
      draw(await trainer.read(DIGIT_SAMPLE, TRAINED, SHOWN));
    },
  };
}
