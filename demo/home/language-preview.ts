// The preview of "Language": a small LSTM learns to write like Moby-Dick, types what it makes of that so far, and shows
// its falling perplexity. Must not know the page.
import { LanguageTrainer } from "../language/trainer";
import { advisedRule } from "../learning/advised-rules";
import { cssColor } from "../shared/color";
import { BOOK } from "./book";
import type { Preview } from "./preview";

const SIZE = { layers: 1, hidden: 32, streams: 8, window: 8 };
const TOTAL_STEPS = 1200;
const PROMPT = "The whale ";
const CHARACTERS_PER_FRAME = 2;
/** Frames for which a written text stays; training goes on. */
const REST = 40;
const LINES = 4;
/** How much of the shown loss is that of the last step. */
const SHARE_OF_LAST = 0.05;

/** Breaks a text into lines of a width at most, between words where it can; the text's own breaks count as spaces. */
function breakLines(text: string, fits: (line: string) => boolean): string[] {
  const lines = [""];
  for (const word of text.replaceAll("\n", " ").split(/(?<= )/)) {
    if (!fits(lines.at(-1)! + word.trimEnd())) lines.push("");
    for (const character of word) {
      if (!fits(lines.at(-1)! + character.trimEnd())) lines.push("");
      lines.push(lines.pop()! + character);
    }
  }
  return lines;
}

export async function openPreview(device: GPUDevice, canvas: HTMLCanvasElement): Promise<Preview> {
  const context = canvas.getContext("2d")!;
  const { width, height } = canvas;
  const margin = width / 16;

  let runs = 0;
  const next = () => {
    runs++;
    const options = { ...SIZE, totalSteps: TOTAL_STEPS, seed: runs };
    return LanguageTrainer.create(device, BOOK, options, advisedRule("language", "adabelief"));
  };
  let trainer = await next();
  let writer = trainer.writer(PROMPT, runs);
  let text = PROMPT;
  let loss = NaN;
  let restedFor = 0;

  const linesOf = (whole: string) => {
    context.font = `${height / 9}px Georgia, "Times New Roman", serif`;
    return breakLines(whole, (line) => context.measureText(line).width <= width - 2 * margin);
  };

  const learn = async () => {
    const { loss: last } = await trainer.train(1);
    loss = trainer.step === 1 ? last : loss + SHARE_OF_LAST * (last - loss);
  };

  const write = async () => {
    const longer = text + (await writer.next(CHARACTERS_PER_FRAME));
    if (linesOf(longer).length > LINES) restedFor = 1;
    else text = longer;
  };

  const beginText = async () => {
    writer.destroy();
    if (trainer.step >= TOTAL_STEPS) {
      trainer.destroy();
      trainer = await next();
    }
    writer = trainer.writer(PROMPT, trainer.step);
    text = PROMPT;
    restedFor = 0;
  };

  const draw = () => {
    context.fillStyle = cssColor("--panel");
    context.fillRect(0, 0, width, height);
    const lines = linesOf(text);
    context.fillStyle = cssColor("--ink");
    lines.forEach((line, index) => {
      context.fillText(line, margin, height * (0.17 + 0.155 * index));
    });
    context.fillStyle = cssColor("--accent");
    context.font = `700 ${height / 6}px system-ui, sans-serif`;
    const number = Math.exp(loss).toFixed(1);
    context.fillText(number, margin, height * 0.93);
    const end = margin + context.measureText(number).width;
    context.fillStyle = cssColor("--muted");
    context.font = `${height / 16}px system-ui, sans-serif`;
    context.fillText("perplexity", end + margin / 2, height * 0.93);
  };

  return {
    async frame() {
      if (restedFor === REST) await beginText();
      await learn();
      if (restedFor > 0) restedFor++;
      else await write();
      draw();
    },
  };
}
