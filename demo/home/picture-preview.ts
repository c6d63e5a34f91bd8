// The preview of "Fit a picture": few Gaussians learn to be the kingfisher, large, with the PSNR. Must not know the page.
import { initialGaussians } from "../picture/gaussians";
import { SOURCE_SIZE, toPixels } from "../picture/image";
import { compileKernels } from "../picture/kernels";
import { paintKingfisher } from "../picture/kingfisher";
import { createGoal, Model } from "../picture/model";
import { psnrOf } from "../picture/psnr";
import { defaultRates, ruleOf } from "../picture/rates";
import { cssColor } from "../shared/color";
import { ruleLabel } from "../shared/rules";
import type { Preview } from "./preview";

const RULES = ["adabelief", "adam"] as const;
const SIZE = 96;
const GAUSSIAN_COUNT = 400;
/** One for each frame: most of the bird comes in the first few dozen. */
const STEP_COUNT = 300;
/** Frames for which a finished picture stays. */
const REST = 60;
/** Of what the canvas cannot show of the square, the part above it: the bird sits low. */
const CUT_ABOVE = 0.35;

/** What a model has drawn: a picture of its own size, and the mean squared error. */
type Drawn = { image: ImageData; error: number };

export async function openPreview(device: GPUDevice, canvas: HTMLCanvasElement): Promise<Preview> {
  const context = canvas.getContext("2d")!;
  const picture = new OffscreenCanvas(SIZE, SIZE);
  const pictureContext = picture.getContext("2d")!;
  const kernels = await compileKernels(device);
  const goal = createGoal(device, toPixels(paintKingfisher(SOURCE_SIZE), SIZE));
  const staging = device.createBuffer({
    label: "demo/home/picture",
    size: 16 * SIZE * SIZE,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  let runs = 0;
  let rule: (typeof RULES)[number];
  let step = 0;
  const next = () => {
    rule = RULES[runs % RULES.length]!;
    runs++;
    return Model.create(device, kernels, goal, {
      rule: ruleOf(rule),
      lrs: defaultRates(rule, GAUSSIAN_COUNT),
      initial: initialGaussians(GAUSSIAN_COUNT, runs),
    });
  };
  let model = await next();

  /** The picture after one step more; the first is that before any step. */
  const draw = async () => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    if (step === 0) model.draw(pass);
    else model.step(pass);
    pass.end();
    encoder.copyBufferToBuffer(model.picture, 0, staging, 0, staging.size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const result = drawnOf(new Float32Array(staging.getMappedRange()));
    staging.unmap();
    return result;
  };

  let drawn: Drawn;
  return {
    async frame() {
      if (step === STEP_COUNT + REST) {
        model.destroy();
        model = await next();
        step = 0;
      }
      if (step <= STEP_COUNT) drawn = await draw();
      step++;
      const { width, height } = canvas;
      pictureContext.putImageData(drawn.image, 0, 0);
      context.imageSmoothingQuality = "high";
      context.drawImage(picture, 0, CUT_ABOVE * (height - width), width, width);
      label(context, `${ruleLabel(rule)}  ${(psnrOf(drawn.error) ?? 0).toFixed(1)} dB`);
    },
  };
}

/** A plate with a text in the lower left corner. */
function label(context: CanvasRenderingContext2D, text: string): void {
  const { height } = context.canvas;
  const margin = height / 25;
  const size = height / 15;
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.fillStyle = cssColor("--panel");
  context.beginPath();
  const top = height - margin - 1.5 * size;
  context.roundRect(margin, top, context.measureText(text).width + size, 1.5 * size, size / 3);
  context.fill();
  context.fillStyle = cssColor("--ink");
  context.textBaseline = "middle";
  context.fillText(text, margin + size / 2, top + 0.8 * size);
}

/** @param pixels of a model's picture: red, green, blue, and the squared error of the three together */
function drawnOf(pixels: Float32Array): Drawn {
  const image = new ImageData(SIZE, SIZE);
  let error = 0;
  for (let index = 0; index < pixels.length; index += 4) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[index + channel] = Math.round(255 * pixels[index + channel]!);
    }
    image.data[index + 3] = 255;
    error += pixels[index + 3]!;
  }
  return { image, error: error / (3 * SIZE * SIZE) };
}
