// The preview of "Benchmark": measures steps against the streaming limit, a short round each frame, and draws the share of
// the limit's speed that they reach. Must not know the page.
import { type Competitor, compete, prepare, type SamplingEffort } from "../../bench/measure";
import type { Entrant } from "../../bench/rows";
import { spread } from "../../bench/statistics";
import { createStreaming } from "../../bench/subjects/streaming";
import type { Shape } from "../../bench/subjects/streaming-by-hand";
import { createOptimizer } from "../../bench/subjects/webgpu-optim";
import { formatTime } from "../benchmark/words";
import { cssColor } from "../shared/color";
import { formatPercent } from "../shared/format";
import { GpuTimer } from "../shared/gpu-timer";
import { ruleColor, ruleLabel } from "../shared/rules";
import type { Preview } from "./preview";

const RULES = ["adabelief", "adam"] as const;
const PARAMETERS = 2 ** 18;
/** What hardware likes, and what software likes: the page looks for the best, for which a card has no time. */
const SHAPES: readonly Shape[] = [
  { workgroupSize: 256, vectors: 1, form: "interleaved" },
  { workgroupSize: 64, vectors: 128, form: "interleaved" },
];
/** A frame: one sample of each competitor. */
const ROUND: SamplingEffort = { sampleMs: 2, samples: 1, minSamples: 1, competitorMs: 100, warmSteps: 3 };
/** Before the first frame: with fewer samples, chance would show. */
const FIRST_ROUNDS = { ...ROUND, samples: 8, minSamples: 8 };
/** Samples that medians are of: the latest. */
const KEPT = 60;
/** Where the bars begin and where the limit is, as parts of the width. */
const LEFT = 0.05;
const LIMIT = 0.8;

/** A rule's step beside the kernels whose fastest is its limit. */
type Lane = { rule: (typeof RULES)[number]; ours: Competitor; limits: readonly Competitor[] };

export async function openPreview(device: GPUDevice, canvas: HTMLCanvasElement): Promise<Preview> {
  const context = canvas.getContext("2d")!;
  const timer = GpuTimer.create(device);
  const lanes: Lane[] = [];
  for (const rule of RULES) lanes.push(await laneOf(device, timer, rule));
  let rounds = 0;
  return {
    async frame() {
      const { ours, limits } = lanes[rounds % lanes.length]!;
      const competitors = [ours, ...limits];
      // Whoever is first finds the caches as another preview left them: each in its turn.
      const first = Math.floor(rounds++ / lanes.length) % competitors.length;
      await compete([...competitors.slice(first), ...competitors.slice(0, first)], timer, ROUND);
      for (const { samples } of competitors) if (samples.length > KEPT) samples.shift();
      draw(context, lanes);
    },
  };
}

async function laneOf(device: GPUDevice, timer: GpuTimer | null, rule: Lane["rule"]): Promise<Lane> {
  const entrant = { rule, parameters: PARAMETERS, tensors: 1, layout: "arena" } satisfies Partial<Entrant>;
  const runners = [
    await createOptimizer(device, { ...entrant, subject: "webgpu-optim" }),
    ...(await createStreaming(device, { ...entrant, subject: "streaming" }, SHAPES)),
  ];
  const competitors: Competitor[] = [];
  for (const runner of runners) {
    competitors.push(await prepare(runner, timer ? "timestamp-query" : "submission", timer, ROUND));
  }
  await compete(competitors, timer, FIRST_ROUNDS);
  const [ours, ...limits] = competitors;
  return { rule, ours: ours!, limits };
}

/** Milliseconds of a step. */
const timeOf = ({ samples }: Competitor) => (samples.length > 0 ? spread(samples).median : NaN);

function draw(context: CanvasRenderingContext2D, lanes: readonly Lane[]): void {
  const { width, height } = context.canvas;
  context.fillStyle = cssColor("--panel");
  context.fillRect(0, 0, width, height);
  lanes.forEach((lane, index) => {
    drawLane(context, lane, (height * (index + 0.14)) / lanes.length);
  });
  context.fillStyle = cssColor("--ink");
  context.fillRect(LIMIT * width - 2, height * 0.04, 4, height * 0.92);
  write(context, "limit", (LIMIT + 0.03) * width, height / 2, `600 ${height / 14}px`);
}

/** A rule's name, time and share, and below them their bar, with the samples as notches. */
function drawLane(context: CanvasRenderingContext2D, { rule, ours, limits }: Lane, top: number): void {
  const { width, height } = context.canvas;
  const time = timeOf(ours);
  const limit = Math.min(...limits.map(timeOf));
  const left = LEFT * width;
  const lengthOf = (milliseconds: number) => width * Math.min(((LIMIT - LEFT) * limit) / milliseconds, 0.93);
  const textTop = top + height * 0.04;
  const barTop = top + height * 0.1;
  const barHeight = height * 0.25;
  context.fillStyle = cssColor("--grid");
  context.fillRect(left, barTop, (LIMIT - LEFT) * width, barHeight);
  context.fillStyle = cssColor("--ink");
  write(context, ruleLabel(rule), left, textTop, `600 ${height / 14}px`);
  const labelWidth = context.measureText(`${ruleLabel(rule)} `).width;
  // A clock that was reset brings no samples.
  if (!Number.isFinite(limit / time)) return;
  write(
    context,
    formatPercent(limit / time, 0),
    (LIMIT - 0.02) * width,
    textTop,
    `600 ${height / 10}px`,
    "right",
  );
  context.fillStyle = cssColor("--muted");
  write(context, formatTime(time), left + labelWidth, textTop, `${height / 16}px`);
  context.fillStyle = cssColor(ruleColor(rule));
  context.fillRect(left, barTop, lengthOf(time), barHeight);
  context.fillStyle = cssColor("--ink");
  context.globalAlpha = 0.3;
  for (const sample of ours.samples) context.fillRect(left + lengthOf(sample) - 2, barTop, 2, barHeight);
  context.globalAlpha = 1;
}

function write(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  font: string,
  align: CanvasTextAlign = "left",
): void {
  context.font = `${font} system-ui, sans-serif`;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.fillText(text, x, y);
}
