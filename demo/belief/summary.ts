// The table of a run: how large steps were in each quarter of it. Must not know how they were taken.
import { byId, element } from "../shared/dom";
import { ruleColor } from "../shared/rules";
import { summarize } from "./measures";
import { VARIANT_LABELS, type VariantName } from "./variants";

const COLUMNS = 5;

const COLORS: Record<VariantName, string> = {
  adam: ruleColor("adam"),
  adabelief: ruleColor("adabelief"),
  remedied: "--ink",
};

/** Three digits: 0.0123, 1.23, 123. */
const format = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** Always three rows, so that a remedy moves nothing. */
export function showSummary(steps: ReadonlyMap<VariantName, readonly number[]>): void {
  const rows = (["adam", "adabelief", "remedied"] as const).map((name) => {
    const swatch = element("i");
    swatch.className = "dot";
    swatch.style.setProperty("--swatch", `var(${COLORS[name]})`);
    const heading = element("th", swatch, VARIANT_LABELS[name]);
    heading.scope = "row";
    const taken = steps.get(name);
    const { quarters, largest } = taken ? summarize(taken) : { quarters: [], largest: null };
    const texts =
      largest === null ? Array.from({ length: COLUMNS }, () => "–") : [...quarters, largest].map(format);
    const row = element("tr", heading, ...texts.map((text) => element("td", text)));
    row.dataset.variant = name;
    return row;
  });
  byId("summary").replaceChildren(...rows);
}
