// Files for the visitor to keep. Must not know what is in them.

/** A file name with what it is, the day and the adapter. */
export function fileName(what: string, adapter: string, date: Date): string {
  const slug = adapter
    .replace(/\(.*\)/, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return `webgpu-optim-${what}-${date.toISOString().slice(0, 10)}-${slug}.json`;
}

/** Has the browser save a JSON text as a file. */
export function downloadJson(json: string, name: string): void {
  const url = URL.createObjectURL(new Blob([json], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun by then.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}
