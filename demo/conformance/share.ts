// Takes a report out of the page: as a file, as a link. Must not know how it was made.
import type { ConformanceReport } from "webgpu-optim/conformance";
import { adapterName } from "../shared/device";

/** The page's address, running only the cases whose name contains a text. */
export const linkTo = (filter: string): string =>
  filter === "" ? location.pathname : `?${new URLSearchParams({ filter }).toString()}`;

/** A file name with the day and the adapter. */
export function fileNameOf(report: ConformanceReport, date: Date): string {
  const adapter = adapterName(report.adapter).replace(/\(.*\)/, "");
  const slug = adapter
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return `webgpu-optim-conformance-${date.toISOString().slice(0, 10)}-${slug}.json`;
}

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
  const url = URL.createObjectURL(new Blob([toJson(report)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = fileNameOf(report, new Date());
  link.click();
  // The download has begun by then.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}
