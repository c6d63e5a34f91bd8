// The four charts of the page. Must not know how the curves are computed.
import { byId } from "../shared/dom";
import { type Line, LineChart } from "../shared/line-chart";
import { ruleColor } from "../shared/rules";
import type { Averages, Curve } from "./measures";
import type { Stream } from "./stream";
import { VARIANT_LABELS, type VariantName } from "./variants";

export type Curves = {
  stream: Stream;
  averages: Averages;
  trueRatio: Curve;
  seenRatio: Curve;
  steps: ReadonlyMap<VariantName, readonly number[]>;
};

const ADAM = { color: ruleColor("adam"), width: 2 };
const BELIEF = { color: ruleColor("adabelief"), width: 2 };
const REMEDIED_DASH = [3, 3];

const short = (value: number) =>
  value !== 0 && (Math.abs(value) < 0.01 || Math.abs(value) >= 10_000)
    ? value.toExponential(0)
    : String(Number(value.toPrecision(3)));

function chart(name: string, yScale: "linear" | "log", yRange: [number, number], lines: Line[]): LineChart {
  return new LineChart(byId(`${name}-chart`), byId(`${name}-legend`), {
    lines,
    yScale,
    yRange,
    yFits: true,
    xMax: 1000,
    formatY: short,
  });
}

/** A logarithm needs more than 0. */
const positive = (curve: Curve): Curve => curve.map((value) => (value !== null && value > 0 ? value : null));

export class Charts {
  readonly #gradient = chart(
    "gradient",
    "linear",
    [-1, 1],
    [
      { label: "gradient", color: "--line-faint", width: 1 },
      { label: "m, its running mean", color: "--line-test", width: 2 },
    ],
  );
  readonly #divisor = chart(
    "divisor",
    "log",
    [0.01, 1],
    [
      { label: "√v (Adam)", ...ADAM },
      { label: "√s (AdaBelief)", ...BELIEF },
    ],
  );
  readonly #ratio = chart(
    "ratio",
    "log",
    [0.01, 100],
    [
      { label: "of the stream", color: "--line-previous", width: 2, dash: [6, 4], optional: true },
      { label: "as m and v have it", color: "--line-test", width: 1.5 },
    ],
  );
  readonly #step = chart(
    "step",
    "log",
    [0.1, 10],
    [
      { label: VARIANT_LABELS.adam, ...ADAM },
      { label: VARIANT_LABELS.adabelief, ...BELIEF },
      { label: VARIANT_LABELS.remedied, color: "--ink", width: 2, dash: REMEDIED_DASH, optional: true },
    ],
  );

  show({ stream, averages, trueRatio, seenRatio, steps }: Curves): void {
    const count = stream.gradients.length;
    const x = Array.from({ length: count }, (_, index) => index + 1);
    const none = x.map(() => null);
    const step = (name: VariantName) => positive([...(steps.get(name) ?? none)]);
    this.#gradient.show([x, [...stream.gradients], averages.mean], count);
    this.#divisor.show([x, positive(averages.rootV), positive(averages.rootS)], count);
    this.#ratio.show([x, positive(trueRatio), positive(seenRatio)], count);
    this.#step.show([x, step("adam"), step("adabelief"), step("remedied")], count);
  }
}
