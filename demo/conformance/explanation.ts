// What opens below a row: every measurement of a case, with the values around the worst element, or what was thrown.
// Must not know the table.
import type { CaseResult, Measurement } from "webgpu-optim/conformance";
import { element } from "../shared/dom";
import { formatCount } from "../shared/format";
import { isWithin, type ListedCase, usedOf } from "./outcome";
import { linkTo } from "./share";
import { describeError, formatSize, formatUsed, formatValue } from "./words";

/** The contents for a case, which may not have been run. */
export function explain(listed: ListedCase, result: CaseResult | undefined): HTMLElement[] {
  const link = element("a", "Run this case alone");
  link.href = linkTo(listed.name);
  const foot = element("p", link);
  foot.className = "hint";
  if (!result) return [element("p", "This case has not been run."), foot];
  const parts: HTMLElement[] = [];
  if (result.thrown !== undefined) {
    parts.push(element("p", "The case broke off:"), element("pre", result.thrown));
  }
  const sorted = [...result.measurements].sort((a, b) => usedOf(b) - usedOf(a));
  parts.push(...sorted.map(measurement));
  if (parts.length === 0) parts.push(element("p", "There was nothing to measure."));
  return [...parts, foot];
}

function measurement(one: Measurement): HTMLElement {
  const within = isWithin(one);
  const { quantity, at } = one;
  const used = formatUsed(usedOf(one));
  const title = element(
    "p",
    element("strong", quantity),
    `: ${describeError(one)} (`,
    element("span", within ? used : `${used}: beyond the bound`),
    ")",
  );
  title.lastElementChild!.className = within ? "" : "over";
  const section = element("section", title);
  section.className = "measurement";
  if (at) section.append(values(quantity, at));
  return section;
}

/** Actual above expected, with the neighbours of the worst element. */
function values(quantity: string, at: NonNullable<Measurement["at"]>): HTMLElement {
  const differences = at.actual.map((actual, column) => actual - at.expected[column]!);
  const rows: [title: string, cells: string[]][] = [
    ["Index", at.actual.map((_, column) => formatCount(at.first + column))],
    ["Your GPU", at.actual.map(formatValue)],
    ["Float64 reference", at.expected.map(formatValue)],
    ["Difference", differences.map(formatSize)],
  ];
  const table = element("table");
  rows.forEach(([title, cells], rowIndex) => {
    const row = table.insertRow();
    const heading = element("th", title);
    heading.scope = "row";
    row.append(heading);
    cells.forEach((text, column) => {
      const cell = element(rowIndex === 0 ? "th" : "td", text);
      cell.classList.toggle("worst", at.first + column === at.index);
      row.append(cell);
    });
  });
  const scrolling = element("div", table);
  scrolling.className = "values numbers";
  scrolling.tabIndex = 0;
  scrolling.setAttribute("role", "group");
  scrolling.setAttribute("aria-label", `Values of ${quantity} around the worst element`);
  return scrolling;
}
