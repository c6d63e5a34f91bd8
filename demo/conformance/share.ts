// Takes a report out of the page: as a file, as a link. Must not know how it was made.
import type { ConformanceReport } from "webgpu-optim/conformance";
import { adapterName } from "../shared/device";
import { downloadJson, fileName } from "../shared/download";

/** The page's address, running only the cases whose name contains a text. */
export const linkTo = (filter: string): string =>
  filter === "" ? location.pathname : `?${new URLSearchParams({ filter }).toString()}`;

/**
 * The report as JSON. What is no finite number becomes a text, since JSON's null would compare as 0: a broken bound would
 * read as kept.
 */
export const toJson = (report: ConformanceReport): string =>
  JSON.stringify(
    report,
    (_, value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value),
    1,
  );

export function download(report: ConformanceReport): void {
  downloadJson(toJson(report), fileName("conformance", adapterName(report.adapter), new Date()));
}
