// The readings of a fit: PSNR of both sides, as numbers and as curves. Must not know how the errors are measured.
import { byId, setText } from "../shared/dom";
import { type ChartData, LineChart } from "../shared/line-chart";
import { ruleColor, ruleLabel, type RuleName } from "../shared/rules";
import type { Errors, Pair } from "./fit";
import { psnrOf } from "./psnr";

const PSNR_RANGE: [number, number] = [10, 40];
/** Leads below are noise. */
const SMALL_LEAD = 0.05;

const SIDES = ["left", "right"] as const;

export class Curves {
  readonly #chart: LineChart;
  #names: Pair<string> = ["", ""];
  #steps: number[] = [];
  #psnrs: Pair<(number | null)[]> = [[], []];
  #xMax: number;
  #drawing = false;

  constructor(xMax: number) {
    this.#xMax = xMax;
    this.#chart = new LineChart(byId("psnr-chart"), byId("psnr-legend"), {
      yScale: "linear",
      yRange: PSNR_RANGE,
      yFits: true,
      xMax,
      formatY: (value) => `${value} dB`,
      lines: [
        { label: "", color: "--left", width: 2 },
        { label: "", color: "--right", width: 2, dash: [6, 4] },
      ],
    });
  }

  /** Names the sides and forgets all values. */
  begin(rules: Pair<RuleName>): void {
    this.#names = [ruleLabel(rules[0]), ruleLabel(rules[1])];
    SIDES.forEach((side, index) => {
      const rule = rules[index]!;
      setText(byId(`${side}-name`), ruleLabel(rule));
      this.#chart.rename(index, ruleLabel(rule));
      document.documentElement.style.setProperty(`--${side}`, `var(${ruleColor(rule)})`);
      setText(byId(`${side}-psnr`), "–");
    });
    this.#steps = [];
    this.#psnrs = [[], []];
    this.#draw();
  }

  /** Sets the step at which the chart ends. */
  setEnd(xMax: number): void {
    this.#xMax = xMax;
    this.#draw();
  }

  add({ step, values }: Errors): void {
    values[0].forEach((_, index) => this.#steps.push(step + index));
    values.forEach((errors, side) => {
      for (const error of errors) this.#psnrs[side]!.push(psnrOf(error));
    });
    this.#draw();
  }

  /** The latest PSNR of each side. */
  get latest(): Pair<number | null> {
    return [this.#psnrs[0].at(-1) ?? null, this.#psnrs[1].at(-1) ?? null];
  }

  /** Draws at the next frame, once however much was added. */
  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#chart.show([this.#steps, ...this.#psnrs] as ChartData, this.#xMax);
      if (this.#steps.length > 0) this.#showNumbers();
    });
  }

  #showNumbers(): void {
    const { latest } = this;
    SIDES.forEach((side, index) => {
      const psnr = latest[index] ?? null;
      setText(byId(`${side}-psnr`), psnr === null ? "not a number" : `${psnr.toFixed(2)} dB`);
    });
    setText(byId("lead"), this.#lead(latest));
  }

  #lead([left, right]: Pair<number | null>): string {
    const [leftName, rightName] = this.#names;
    const lost = [...(left === null ? [leftName] : []), ...(right === null ? [rightName] : [])];
    if (lost.length > 0) {
      return `${lost.join(" and ")} got lost: the learning rates are too high. Lower them, then reset.`;
    }
    const lead = left! - right!;
    if (this.#steps.at(-1) === 0) return "Both start from the same grey blobs.";
    if (Math.abs(lead) < SMALL_LEAD) return "Both are equally near.";
    return `${lead > 0 ? leftName : rightName} is ahead by ${Math.abs(lead).toFixed(2)} dB.`;
  }
}
