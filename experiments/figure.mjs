// Draws the curves of a task as SVG: the mean of every rule over the steps, in a band from its lowest to its highest
// seed. It must not know how runs are carried out.
import { parse, View } from "vega";
import { compile } from "vega-lite";
import { RULE_LABELS, ruleColor } from "./labels.mjs";
import { mean } from "./statistics.mjs";
import { TASK_TEXTS } from "./tasks.mjs";

/** @typedef {import("./store.mjs").Result} Result */

const WIDTH = 360;
const HEIGHT = 260;
const FONT = "system-ui, sans-serif";

/**
 * Mean, lowest and highest value at every step of every rule.
 * @param {import("./grid.mjs").Task} task
 * @param {readonly Result[]} runs
 */
function rowsOf(task, runs) {
  /** @type {Map<string, { variant: string, rule: string, step: number, values: number[] }>} */
  const places = new Map();
  for (const { variant, rule, curve } of runs) {
    for (const { step, value } of curve) {
      if (value === null) continue;
      const key = `${variant} ${rule} ${step}`;
      const place = places.get(key) ?? {
        variant: TASK_TEXTS[task].variant(variant),
        rule: RULE_LABELS[rule],
        step,
        values: [],
      };
      place.values.push(value);
      places.set(key, place);
    }
  }
  return [...places.values()].map(({ values, ...place }) => ({
    ...place,
    mean: mean(values),
    low: Math.min(...values),
    high: Math.max(...values),
  }));
}

/**
 * @param {import("./grid.mjs").Task} task
 * @param {readonly Result[]} runs at least one
 * @returns {Promise<string>}
 */
export async function figureSvg(task, runs) {
  const rules = Object.keys(RULE_LABELS).filter((rule) => runs.some((run) => run.rule === rule));
  const titles = { images: "test accuracy", language: "perplexity per character", gan: "FID" };
  const color = {
    field: "rule",
    type: /** @type {const} */ ("nominal"),
    title: null,
    scale: {
      domain: rules.map((rule) => RULE_LABELS[/** @type {keyof typeof RULE_LABELS} */ (rule)]),
      range: rules.map(ruleColor),
    },
  };
  const y = {
    title: titles[task],
    type: /** @type {const} */ ("quantitative"),
    // Distances fall by a factor, the others by less.
    scale: task === "gan" ? { type: /** @type {const} */ ("log"), nice: false } : { zero: false },
    axis: { format: task === "images" ? ".0%" : ".3~g" },
  };
  const x = { field: "step", type: /** @type {const} */ ("quantitative"), title: "step" };
  const { spec } = compile({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    padding: 12,
    data: { values: rowsOf(task, runs) },
    facet: { column: { field: "variant", type: "nominal", title: null } },
    spec: {
      width: WIDTH,
      height: HEIGHT,
      layer: [
        {
          mark: { type: "area", opacity: 0.15 },
          encoding: { x, y: { field: "low", ...y }, y2: { field: "high" }, color },
        },
        { mark: { type: "line", strokeWidth: 2 }, encoding: { x, y: { field: "mean", ...y }, color } },
      ],
    },
    config: {
      font: FONT,
      axis: { labelFontSize: 12, titleFontSize: 12, grid: true, gridColor: "#e8e8e8" },
      legend: { labelFontSize: 12, orient: "bottom", symbolOpacity: 1 },
      view: { stroke: null },
    },
  });
  const view = new View(parse(spec), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
