// The chart of a run: heights of a race, or shares of a swarm. Must not know how they are measured.
import { byId } from "../shared/dom";
import { formatPercent } from "../shared/format";
import { type ChartData, LineChart } from "../shared/line-chart";
import { RULE_NAMES, ruleLine } from "../shared/rules";
import type { Run } from "./run";

const HEIGHTS: [number, number] = [1e-4, 100];
const SHARES: [number, number] = [0, 1];

export class Curves {
  readonly #charts = {
    race: new LineChart(byId("race-chart"), byId("race-legend"), {
      lines: RULE_NAMES.map(ruleLine),
      yScale: "log",
      yRange: HEIGHTS,
      xMax: 1,
      formatY: (value) => (value >= 0.01 ? String(Number(value.toPrecision(1))) : value.toExponential(0)),
    }),
    swarm: new LineChart(byId("swarm-chart"), byId("swarm-legend"), {
      lines: RULE_NAMES.map(ruleLine),
      yScale: "linear",
      yRange: SHARES,
      xMax: 1,
      formatY: (value) => formatPercent(value, 0),
    }),
  };

  /** Lines of the rules of a run. */
  start({ plan }: Run): void {
    for (const view of ["race", "swarm"] as const) byId(`${view}-figure`).hidden = view !== plan.view;
    RULE_NAMES.forEach((rule, line) => {
      this.#charts[plan.view].setVisible(line, plan.rules.includes(rule));
    });
  }

  show({ plan, measured: { steps, values } }: Run): void {
    const columns = RULE_NAMES.map((rule) => {
      const column = values.get(rule);
      if (!column) return steps.map(() => null);
      // A logarithm needs more than 0; what is no number has no place.
      return plan.view === "swarm"
        ? column
        : column.map((value) => (Number.isFinite(value) ? Math.max(value, HEIGHTS[0]) : null));
    });
    const data: ChartData = [steps, ...columns];
    this.#charts[plan.view].show(data, plan.stepCount);
  }
}
