// A line chart with one line for each rule that is compared. Must not know what it shows.
import { type ChartData, LineChart, type LineChartOptions } from "../shared/line-chart";
import { ruleLine } from "../shared/rules";
import { COMPARED_RULES, type ComparedRule } from "./advised.mjs";

export class RuleChart {
  readonly #chart: LineChart;
  #rules: readonly ComparedRule[] = [];
  #xMax: number;
  #steps: number[] = [];
  #values: Record<ComparedRule, (number | null)[]>;
  #isDrawing = false;

  /** Draws into the element `${name}-chart` and writes the legend into `${name}-legend`. */
  constructor(name: string, options: Omit<LineChartOptions, "lines">) {
    const part = (suffix: string) => document.querySelector<HTMLElement>(`#${name}-${suffix}`)!;
    this.#xMax = options.xMax;
    this.#values = noValues();
    this.#chart = new LineChart(part("chart"), part("legend"), {
      ...options,
      lines: COMPARED_RULES.map(ruleLine),
    });
  }

  /** Starts empty curves of these rules over so many steps. */
  start(rules: readonly ComparedRule[], totalSteps: number): void {
    this.#rules = rules;
    this.#xMax = totalSteps;
    this.#steps = [];
    this.#values = noValues();
    COMPARED_RULES.forEach((rule, line) => {
      this.#chart.setVisible(line, rules.includes(rule));
    });
    this.#draw();
  }

  /** Adds a value of each rule, in the order given at the start; null where there is none. */
  add(step: number, values: readonly (number | null)[]): void {
    this.#steps.push(step);
    this.#rules.forEach((rule, index) => {
      const value = values[index] ?? null;
      this.#values[rule].push(value !== null && Number.isFinite(value) ? value : null);
    });
    this.#draw();
  }

  /** Draws at the next frame, once however much was added. */
  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      const lines = COMPARED_RULES.map((rule) =>
        this.#rules.includes(rule) ? this.#values[rule] : this.#steps.map(() => null),
      );
      this.#chart.show([this.#steps, ...lines] as ChartData, this.#xMax);
    });
  }
}

function noValues(): Record<ComparedRule, (number | null)[]> {
  return Object.fromEntries(COMPARED_RULES.map((rule) => [rule, []])) as unknown as Record<
    ComparedRule,
    (number | null)[]
  >;
}
