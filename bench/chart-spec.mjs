// The chart of a benchmark as a Vega-Lite specification: speed against the limit, and times beside the others. Must not
// know where it is drawn.
import { counterpart, shareOfLimit } from "./ratios.mjs";
import { threeDigits } from "./table.mjs";

/**
 * @typedef {import("./rows").Row} Row
 * @typedef {import("./rows").Report} Report
 */

const INK = "#1b1e24";
const MUTED = "#5d626c";
const GRID = "#ebe8e0";
const OURS = "#1f54c4";
const OTHERS = "#a3a7ae";
const FONT = "Helvetica, Arial, sans-serif";

/** The rules whose curves are drawn, and the rule that the others have. */
const RULES = [
  { rule: "adam", label: "Adam", color: OURS },
  { rule: "adabelief", label: "AdaBelief", color: "#c84a00" },
];
const PEER_RULE = "adam";
const SUBJECTS = { naive: "Adam by hand", "jax-js": "jax-js", tfjs: "TensorFlow.js" };
/** Cases that are shown beside the others: elements in all, tensors. */
const CASES = [
  [2 ** 20, 1],
  [102_400, 100],
  [1_024_000, 1000],
];

const WIDTH = 272;
const BAR_STEP = 23;
/** Room beyond the shortest and the longest bar. */
const MARGIN = 1.6;
/** Room for the text behind the longest bar. */
const TEXT_MARGIN = 12;

const count = (/** @type {number} */ value) => value.toLocaleString("en");
const time = (/** @type {number} */ ms) =>
  ms < 0.1 ? `${threeDigits(1000 * ms)} µs` : `${threeDigits(ms)} ms`;

/** Share of the limit of one tensor, by size and rule. */
function shares(/** @type {readonly Row[]} */ rows) {
  return RULES.flatMap(({ rule, label }) =>
    rows
      .filter((row) => row.subject === "webgpu-optim" && row.rule === rule && row.tensors === 1)
      .flatMap((row) => {
        const share = shareOfLimit(rows, row);
        return share === undefined ? [] : [{ rule: label, parameters: row.parameters, share }];
      }),
  );
}

/** Times of a step of Adam: the package's, then the others', case by case. */
function times(/** @type {readonly Row[]} */ rows) {
  return CASES.flatMap(([parameters, tensors]) => {
    const ofCase = rows.filter(
      (row) => row.rule === PEER_RULE && row.parameters === parameters && row.tensors === tensors,
    );
    const others = Object.keys(SUBJECTS).flatMap(
      (name) => ofCase.find(({ subject }) => subject === name) ?? [],
    );
    const first = others[0];
    // An arena, where there is one: that is how many tensors are meant to be stepped.
    const ours =
      first &&
      (ofCase.find((row) => isOurs(row, first) && row.layout === "arena") ??
        counterpart(rows, first, "webgpu-optim"));
    if (!first || !ours) return [];
    const title =
      tensors === 1
        ? `One tensor of ${count(first.parameters)}`
        : `${count(first.tensors)} tensors of ${count(first.parameters / first.tensors)}`;
    return [ours, ...others].map((row, order) => ({
      title,
      order,
      subject: row === ours ? "webgpu-optim" : SUBJECTS[/** @type {keyof typeof SUBJECTS} */ (row.subject)],
      ms: row.medianMs,
      isOurs: row === ours,
      text:
        row === ours
          ? time(row.medianMs)
          : `${time(row.medianMs)}, ${threeDigits(row.medianMs / ours.medianMs)} ×`,
    }));
  });
}

const isOurs = (/** @type {Row} */ row, /** @type {Row} */ { timing }) =>
  row.subject === "webgpu-optim" && row.timing === timing;

/** @returns {import("vega-lite").TopLevelSpec} */
export function chartSpec(/** @type {Report} */ { adapterName, runtime, date, rows }) {
  const curves = shares(rows);
  const bars = times(rows);
  if (curves.length === 0 && bars.length === 0) {
    throw new Error("the report has neither rows with a limit nor rows of others to be drawn");
  }
  const parts = [
    ...(curves.length > 0 ? [sharePlot(curves)] : []),
    ...(bars.length > 0 ? [timePlot(bars)] : []),
  ];
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    padding: 14,
    title: {
      text: `One optimizer step on ${adapterName}`,
      subtitle: `${runtime}, ${date.slice(0, 10)}; medians`,
      anchor: "start",
      offset: 14,
      fontSize: 15,
      subtitleColor: MUTED,
      subtitleFontSize: 12,
      subtitlePadding: 4,
    },
    config: {
      font: FONT,
      view: { stroke: null },
      axis: {
        domainColor: GRID,
        gridColor: GRID,
        labelColor: MUTED,
        labelFontSize: 12,
        tickColor: GRID,
        titleColor: MUTED,
        titleFontSize: 12,
        titleFontWeight: "normal",
      },
      title: { color: INK },
    },
    spacing: 36,
    hconcat: parts,
  };
  // Checked by the compiler of Vega-Lite, which says more than its type.
  return /** @type {import("vega-lite").TopLevelSpec} */ (/** @type {unknown} */ (spec));
}

function sharePlot(/** @type {ReturnType<typeof shares>} */ curves) {
  const color = {
    field: "rule",
    type: "nominal",
    scale: { domain: RULES.map(({ label }) => label), range: RULES.map((rule) => rule.color) },
    legend: { title: null, orient: "bottom", symbolType: "circle", labelFontSize: 12, labelColor: INK },
  };
  const most = Math.max(1.05, ...curves.map(({ share }) => 1.05 * share));
  return {
    title: { text: "Speed, as a part of the memory's limit", anchor: "start", fontSize: 13, offset: 10 },
    width: WIDTH,
    height: 270,
    layer: [
      {
        data: { values: curves },
        mark: { type: "line", point: { size: 42, filled: true }, strokeWidth: 2 },
        encoding: {
          x: {
            field: "parameters",
            type: "quantitative",
            scale: { type: "log", base: 2, nice: false, padding: 12 },
            axis: {
              title: "parameters in one tensor",
              values: [...new Set(curves.map(({ parameters }) => parameters))],
              labelExpr:
                "datum.value >= 1048576 ? round(datum.value / 1048576) + ' M' : datum.value >= 1024 ? round(datum.value / 1024) + ' k' : datum.value",
              labelOverlap: true,
              grid: false,
            },
          },
          y: {
            field: "share",
            type: "quantitative",
            scale: { domain: [0, most], nice: false },
            axis: { title: null, format: "%", values: [0, 0.25, 0.5, 0.75, 1] },
          },
          color,
        },
      },
      {
        data: { values: [{}] },
        mark: { type: "rule", color: INK, strokeWidth: 1.5 },
        encoding: { y: { datum: 1 } },
      },
      {
        data: { values: [{}] },
        mark: {
          type: "text",
          align: "left",
          baseline: "bottom",
          dx: 4,
          dy: -3,
          fontSize: 12,
          color: INK,
          text: "limit: the same bytes, no arithmetic",
        },
        encoding: { x: { value: 0 }, y: { datum: 1 } },
      },
    ],
  };
}

function timePlot(/** @type {ReturnType<typeof times>} */ bars) {
  const least = Math.min(...bars.map(({ ms }) => ms)) / MARGIN;
  const most = Math.max(...bars.map(({ ms }) => ms)) * TEXT_MARGIN;
  const titles = [...new Set(bars.map(({ title }) => title))];
  const axis = { title: null, ticks: false, domain: false, labelColor: INK, labelPadding: 8 };
  const y = { field: "subject", type: "nominal", sort: { field: "order" }, axis };
  const scale = { type: "log", domain: [least, most], nice: false };
  const plot = (/** @type {string} */ title, /** @type {boolean} */ isLast) => ({
    data: { values: bars.filter((bar) => bar.title === title) },
    title: { text: title, anchor: "start", fontSize: 12, fontWeight: "normal", color: MUTED, offset: 4 },
    width: WIDTH,
    height: { step: BAR_STEP },
    layer: [
      {
        mark: { type: "bar", height: 13 },
        encoding: {
          x: {
            field: "ms",
            type: "quantitative",
            scale,
            axis: isLast
              ? {
                  title: "milliseconds, each mark ten times the one before",
                  tickCount: 4,
                  grid: true,
                  format: "~g",
                  values: decades(least, most),
                }
              : {
                  labels: false,
                  ticks: false,
                  title: null,
                  domain: false,
                  grid: true,
                  values: decades(least, most),
                },
          },
          x2: { datum: least },
          y,
          color: { condition: { test: "datum.isOurs", value: OURS }, value: OTHERS },
        },
      },
      {
        mark: { type: "text", align: "left", dx: 5, fontSize: 12, color: INK },
        encoding: { x: { field: "ms", type: "quantitative", scale }, y, text: { field: "text" } },
      },
    ],
  });
  return {
    title: { text: "Time of one step of Adam", anchor: "start", fontSize: 13, offset: 10 },
    spacing: 12,
    vconcat: titles.map((title, index) => plot(title, index === titles.length - 1)),
  };
}

/** The powers of ten between two numbers. */
function decades(/** @type {number} */ least, /** @type {number} */ most) {
  const first = Math.ceil(Math.log10(least));
  return Array.from(
    { length: Math.floor(Math.log10(most)) - first + 1 },
    (_, index) => 10 ** (first + index),
  );
}
