// The live panel of a training page: what the monitor tells of the optimizer's latest step. Must not know the network, nor
// how it is trained.
import { watchSteps, type ParameterStats, type StepStats } from "webgpu-optim";
import { element, setText } from "../shared/dom";
import { formatCount, formatPercent } from "../shared/format";
import { LineChart } from "../shared/line-chart";
import { Tiles } from "../shared/tiles";
import { Histogram, medianPower } from "./histogram";
import "./step-panel.css";

/** What the panel follows. */
type Watched = { stats: () => Promise<StepStats> };

const INTERVAL_MS = 250;
const NORM_RANGE: [number, number] = [0.01, 10];

/** Three digits, and a power of ten where that is shorter. */
const short = (value: number) =>
  Number.isNaN(value)
    ? "none"
    : value !== 0 && (value < 1e-3 || value >= 1e4)
      ? value.toExponential(1)
      : value.toPrecision(3);

export class StepPanel {
  readonly #tiles: Tiles<"grad-norm" | "clip-factor" | "skipped" | "largest-update">;
  readonly #norms: LineChart;
  readonly #histogram: Histogram;
  readonly #histogramHint = hint("step-sizes");
  readonly #rows = element("tbody");
  readonly #empty = element("p", "Watching is off for this run.");
  #following = new AbortController();
  #data: [number[], number[], (number | null)[]] = [[], [], []];

  constructor(readonly root: HTMLElement) {
    const tiles = element("dl");
    tiles.className = "tiles";
    this.#tiles = new Tiles(tiles, {
      "grad-norm": "Gradient norm",
      "clip-factor": "Clip factor",
      skipped: "Skipped steps",
      "largest-update": "Largest update",
    });
    const [norms, normsLegend] = figure("Gradient norm", "Gradient norm against steps; the latest is above.");
    const [sizes, sizesLegend] = figure("Effective step sizes", "Histogram of step sizes of all weights.");
    sizesLegend.replaceWith(this.#histogramHint);
    this.#empty.className = "hint step-panel-empty";
    const columns = ["Weights", "Gradient norm", "Update ÷ weight", "Largest update"];
    const head = element("thead", element("tr", ...columns.map((name) => element("th", name))));
    const table = element("div", element("table", head, this.#rows));
    table.className = "step-panel-table";
    const figures = element("div", norms.parentElement!, sizes.parentElement!);
    figures.className = "step-panel-figures";
    root.append(this.#empty, tiles, figures, table);
    this.#norms = new LineChart(norms, normsLegend, {
      yScale: "log",
      yRange: NORM_RANGE,
      yFits: true,
      xMax: 1,
      formatY: String,
      lines: [
        { label: "norm", color: "--line-train", width: 1.5 },
        { label: "clipped above", color: "--line-test", width: 1.5, dash: [5, 4], optional: true },
      ],
    });
    this.#histogram = new Histogram(sizes);
    this.clear();
  }

  /** Shows each step that is told of, until {@link stop}; failures are the training's to tell. */
  follow(watched: Watched, clipGradNorm: number | undefined, totalSteps: number): void {
    this.stop();
    this.#following = new AbortController();
    this.root.classList.remove("is-off");
    void this.#show(watched, clipGradNorm, totalSteps, this.#following.signal).catch(() => undefined);
  }

  async #show(
    watched: Watched,
    clipGradNorm: number | undefined,
    totalSteps: number,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const stats of watchSteps(watched, { intervalMs: INTERVAL_MS, signal })) {
      this.#tell(stats, clipGradNorm);
      const [steps, norms, limits] = this.#data;
      if (!Number.isFinite(stats.gradNorm)) continue;
      steps.push(stats.step);
      norms.push(stats.gradNorm);
      limits.push(clipGradNorm ?? null);
      this.#norms.show(this.#data, totalSteps);
    }
  }

  #tell({ step, gradNorm, clipFactor, skippedSteps, groups }: StepStats, clipGradNorm?: number): void {
    const group = groups![0]!;
    const { nonFiniteCount, largestUpdate, stepSizes, params } = group;
    const bad = `${formatCount(nonFiniteCount)} gradients\nare not finite`;
    this.#tiles.show("grad-norm", short(gradNorm), nonFiniteCount > 0 ? bad : `at step ${formatCount(step)}`);
    const clip = clipGradNorm === undefined ? "clipping is off" : `clipped above ${clipGradNorm}`;
    this.#tiles.show("clip-factor", clipFactor === 1 ? "1" : short(clipFactor), clip);
    this.#tiles.show("skipped", formatCount(skippedSteps), `of ${formatCount(step)}`);
    this.#tiles.show("largest-update", short(largestUpdate), "of a single weight");
    if (stepSizes) {
      this.#histogram.show(stepSizes);
      const median = (10 ** medianPower(stepSizes)).toPrecision(1);
      setText(
        this.#histogramHint,
        `lr / (√v + eps) of ${formatCount(count(stepSizes.counts))} weights, median ${median}`,
      );
    }
    this.#rows.replaceChildren(...Object.entries(params).map(([name, stats]) => row(name, stats)));
  }

  /** Stops following; what is shown stays. */
  stop(): void {
    this.#following.abort();
  }

  /** Forgets a run. */
  clear(): void {
    this.stop();
    this.#tiles.clear();
    this.#histogram.clear();
    this.#data = [[], [], []];
    this.#norms.show(this.#data, 1);
    this.#rows.replaceChildren();
    setText(this.#histogramHint, "of each weight, for a mean gradient of 1");
    this.root.classList.remove("is-off");
  }

  /** Says that the run is not watched. */
  showOff(): void {
    this.clear();
    this.root.classList.add("is-off");
  }
}

const count = (counts: readonly number[]) => counts.reduce((sum, each) => sum + each, 0);

function hint(testId: string): HTMLElement {
  const created = element("p");
  created.className = "hint";
  created.dataset.testid = testId;
  return created;
}

/** A chart's place under its name, and where its legend goes. */
function figure(title: string, label: string): [chart: HTMLElement, legend: HTMLElement] {
  const legend = element("ul");
  legend.className = "legend";
  const chart = element("div");
  chart.className = "chart";
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", label);
  element("figure", element("figcaption", element("h3", title), legend), chart);
  return [chart, legend];
}

function row(name: string, { gradNorm, updateNorm, paramNorm, largestUpdate }: ParameterStats): HTMLElement {
  const ratio = paramNorm > 0 ? formatPercent(updateNorm / paramNorm, 2) : "–";
  const cells = [short(gradNorm), ratio, short(largestUpdate)].map((text) => element("td", text));
  return element("tr", element("th", name), ...cells);
}
