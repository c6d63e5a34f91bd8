// A line chart over steps, in the page's colours. Must not know what its lines mean.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { onSchemeChange } from "./color";
import { formatCount } from "./format";

export type Line = {
  label: string;
  /** The custom property of the page's style that holds the colour. */
  color: string;
  width: number;
  dash?: number[];
  /** Not in the legend while it has no values. */
  optional?: boolean;
};

export type LineChartOptions = {
  lines: Line[];
  /** `log` has the decades as ticks. */
  yScale: "linear" | "log";
  yRange: [number, number];
  /** The range follows the values shown; `yRange` holds while there are none. */
  yFits?: boolean;
  /** The largest x until data is shown. */
  xMax: number;
  formatY: (value: number) => string;
  /** What x counts. Default "step". */
  xName?: string;
};

/** Values of the lines over x; a line has null where it has no value. */
export type ChartData = [x: number[], ...lines: (number | null)[][]];

const FONT = "11px system-ui, sans-serif";
const X_TICK_SPACE = 64;
const Y_AXIS_WIDTH = 46;
const X_AXIS_HEIGHT = 26;
const GRID_WIDTH = 1;

export class LineChart {
  readonly #plot: uPlot;
  readonly #legendItems: HTMLLIElement[];
  readonly #optional: boolean[];
  readonly #hidden = new Set<number>();
  readonly #resizing: ResizeObserver;
  #xMax: number;

  /** Draws into `container`, which has a size of its own, and writes the legend into `legend`. */
  constructor(container: HTMLElement, legend: HTMLElement, options: LineChartOptions) {
    this.#xMax = options.xMax;
    const { xName = "step" } = options;
    const color = (name: string) => getComputedStyle(container).getPropertyValue(name);
    const axis = {
      stroke: () => color("--muted"),
      font: FONT,
      ticks: { show: false },
      grid: { stroke: () => color("--grid"), width: GRID_WIDTH },
    };
    const keepTicks = (_: uPlot, ticks: number[]) =>
      options.yScale === "log" ? ticks.map((tick) => (isDecade(tick) ? tick : null)) : ticks;
    this.#legendItems = options.lines.map(legendItem);
    this.#optional = options.lines.map(({ optional }) => optional === true);
    legend.replaceChildren(...this.#legendItems);
    this.#plot = new uPlot(
      {
        width: container.clientWidth,
        height: container.clientHeight,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 18, 0, 0],
        scales: {
          x: { time: false, range: () => [0, this.#xMax] },
          y: {
            // 1 is linear, 3 logarithmic: uPlot's const enum has no values at run time.
            // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
            distr: options.yScale === "log" ? 3 : 1,
            range: (_, min: number | null, max: number | null) => fit(options, min, max),
          },
        },
        axes: [
          {
            ...axis,
            size: X_AXIS_HEIGHT,
            space: X_TICK_SPACE,
            grid: { show: false },
            values: (_, ticks) => ticks.map((tick) => (tick === 0 ? `${xName} 0` : formatCount(tick))),
          },
          {
            ...axis,
            size: Y_AXIS_WIDTH,
            grid: { ...axis.grid, filter: keepTicks },
            filter: keepTicks,
            values: (_, ticks) =>
              ticks.map((tick: number | null) => (tick === null ? null : options.formatY(tick))),
          },
        ],
        series: [
          {},
          ...options.lines.map((line) => ({
            label: line.label,
            stroke: () => color(line.color),
            width: line.width,
            ...(line.dash && { dash: line.dash }),
            spanGaps: true,
            points: { show: false },
          })),
        ],
      },
      [[], ...options.lines.map(() => [])],
      container,
    );
    this.#resizing = new ResizeObserver(() => {
      this.#plot.setSize({ width: container.clientWidth, height: container.clientHeight });
    });
    this.#resizing.observe(container);
    onSchemeChange(() => {
      this.#plot.redraw(false);
    });
  }

  /** Sets the values and the largest x, which stays in view from the start. */
  show(data: ChartData, xMax: number): void {
    this.#xMax = xMax;
    this.#plot.setData(data);
    this.#legendItems.forEach((item, index) => {
      const isEmpty = this.#optional[index]! && !data[index + 1]!.some((value) => value !== null);
      item.hidden = isEmpty || this.#hidden.has(index);
    });
  }

  /** Shows a line and its name, or neither. */
  setVisible(line: number, isVisible: boolean): void {
    if (isVisible) this.#hidden.delete(line);
    else this.#hidden.add(line);
    this.#legendItems[line]!.hidden = !isVisible;
    this.#plot.setSeries(line + 1, { show: isVisible });
  }

  /** Changes the name of a line in the legend. */
  rename(line: number, label: string): void {
    this.#legendItems[line]!.lastChild!.textContent = label;
  }
}

function legendItem({ label, color, dash, optional }: Line): HTMLLIElement {
  const item = document.createElement("li");
  item.hidden = optional === true;
  const swatch = document.createElement("span");
  swatch.className = dash ? "swatch dashed" : "swatch";
  swatch.style.setProperty("--swatch", `var(${color})`);
  item.append(swatch, label);
  return item;
}

/** The range of y for values between `min` and `max`, which are null when none is shown. */
function fit(
  { yFits, yRange, yScale }: LineChartOptions,
  min: number | null,
  max: number | null,
): [number, number] {
  if (yFits !== true || min === null || max === null) return yRange;
  const [low, high] =
    yScale === "log" ? uPlot.rangeLog(min, max, 10, true) : uPlot.rangeNum(min, max, 0.1, true);
  return [low ?? yRange[0], high ?? yRange[1]];
}

/** Whether a tick of a log scale is a power of ten; ticks have rounding errors. */
function isDecade(tick: number): boolean {
  const power = Math.log10(tick);
  return Math.abs(power - Math.round(power)) < 1e-9;
}
