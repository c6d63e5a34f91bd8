// The preview of "Conformance": cases in random order, one a frame; each error is a dot, as far right as the part of its
// bound that it took. Must not know the page.
import { type CaseResult, runConformance } from "webgpu-optim/conformance";
import { type ListedCase, listCases, outcomesByRule, type RuleOutcome, usedOf } from "../conformance/outcome";
import { cssColor } from "../shared/color";
import { formatCount } from "../shared/format";
import { permutation, seededRandom } from "../shared/random";
import { RULE_NAMES, ruleColor, ruleLabel } from "../shared/rules";
import type { Preview } from "./preview";

/** Cases of a run: enough to fill the rows. */
const CASE_COUNT = 300;
/** Frames for which a finished run stays. */
const REST = 60;
/** Where the picture's parts are, as parts of its width or height. */
const LEFT = 0.3;
const BOUND = 0.92;
const TOP = 0.2;
const BOTTOM = 0.97;
/** Multiples of it, without their whole part, spread evenly however many there are. */
const GOLDEN = 0.618034;

/** Cases that take but a moment in software, too. */
const isShort = ({ name, kind }: ListedCase) =>
  kind === "one step" || (kind === "size" && !/\d{5}/.test(name));

export async function openPreview(device: GPUDevice, canvas: HTMLCanvasElement): Promise<Preview> {
  const context = canvas.getContext("2d")!;
  const cases = (await listCases(device)).cases.filter(isShort);
  let runs = 0;
  let order: Uint32Array;
  let results: CaseResult[];
  let rested = 0;
  const begin = () => {
    runs++;
    order = permutation(cases.length, seededRandom(runs)).subarray(0, CASE_COUNT);
    results = [];
    rested = 0;
  };
  begin();
  return {
    async frame() {
      if (rested === REST) begin();
      if (results.length < order.length) {
        const { name } = cases[order[results.length]!]!;
        const report = await runConformance(device, { filter: (listed) => listed.name === name });
        results.push(...report.cases);
      } else rested++;
      draw(context, results);
    },
  };
}

function draw(context: CanvasRenderingContext2D, results: readonly CaseResult[]): void {
  const { width, height } = context.canvas;
  context.fillStyle = cssColor("--panel");
  context.fillRect(0, 0, width, height);
  context.textBaseline = "middle";
  drawVerdict(context, results);
  const rowHeight = ((BOTTOM - TOP) * height) / RULE_NAMES.length;
  outcomesByRule(RULE_NAMES, results).forEach((outcome, row) => {
    drawRow(context, outcome, results, TOP * height + rowHeight * (row + 0.5), rowHeight);
  });
  context.fillStyle = cssColor("--ink");
  context.fillRect(BOUND * width - 1.5, TOP * height, 3, (BOTTOM - TOP) * height);
}

function drawVerdict(context: CanvasRenderingContext2D, results: readonly CaseResult[]): void {
  const { width, height } = context.canvas;
  const passed = results.filter((result) => result.passed).length;
  const failed = results.length - passed;
  context.font = `600 ${height / 13}px system-ui, sans-serif`;
  context.textAlign = "left";
  context.fillStyle = cssColor(failed > 0 ? "--wrong" : "--ink");
  const verdict = failed > 0 ? `${formatCount(failed)} failed ✗` : `${formatCount(passed)} passed ✓`;
  context.fillText(verdict, width * 0.04, height * 0.1);
  context.font = `${height / 19}px system-ui, sans-serif`;
  context.textAlign = "right";
  context.fillStyle = cssColor("--muted");
  context.fillText("error bound", width * 0.97, height * 0.14);
}

/** A rule: a bar to its largest error, and a dot for each error. */
function drawRow(
  context: CanvasRenderingContext2D,
  { rule, worst }: RuleOutcome,
  results: readonly CaseResult[],
  y: number,
  rowHeight: number,
): void {
  const { width } = context.canvas;
  const name = RULE_NAMES.find((known) => known === rule)!;
  const place = (used: number) => width * Math.min(LEFT + (BOUND - LEFT) * used, 0.98);
  context.font = `600 ${rowHeight * 0.68}px system-ui, sans-serif`;
  context.textAlign = "right";
  context.fillStyle = cssColor("--ink");
  context.fillText(ruleLabel(name), width * (LEFT - 0.025), y);
  context.fillStyle = cssColor("--grid");
  context.fillRect(place(0), y - rowHeight * 0.36, place(1) - place(0), rowHeight * 0.72);
  const color = cssColor(ruleColor(name));
  context.fillStyle = color;
  context.globalAlpha = 0.3;
  context.fillRect(place(0), y - rowHeight * 0.36, place(worst?.used ?? 0) - place(0), rowHeight * 0.72);
  context.globalAlpha = 0.6;
  let count = 0;
  for (const { measurements, passed } of results.filter((result) => result.rule === rule)) {
    context.fillStyle = passed ? color : cssColor("--wrong");
    for (const measurement of measurements) {
      // Beside each other, because many errors are the same part of their bound.
      const aside = ((GOLDEN * count++) % 1) - 0.5;
      context.beginPath();
      context.arc(place(usedOf(measurement)), y + 0.6 * rowHeight * aside, 0.13 * rowHeight, 0, 2 * Math.PI);
      context.fill();
    }
  }
  context.globalAlpha = 1;
}
