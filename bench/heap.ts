// Measures how much JavaScript heap a function takes, where the runtime tells. Must not know what runs.

/** Bytes of heap in use, exactly; undefined where the runtime does not tell or rounds. */
function heapBytes(): number | undefined {
  if (typeof process !== "undefined" && typeof process.memoryUsage === "function")
    return process.memoryUsage().heapUsed;
  const { memory } = performance as Performance & { memory?: { usedJSHeapSize: number } };
  return memory?.usedJSHeapSize;
}

/**
 * Bytes of heap that a function takes, collected or not, or null where that cannot be told: without `gc()` (a flag of
 * the runtime, which comes with exact sizes in our commands), or when a collection got in between.
 */
export function heapTaken(run: () => void): number | null {
  const { gc } = globalThis as { gc?: () => void };
  if (typeof gc !== "function") return null;
  gc();
  const before = heapBytes();
  if (before === undefined) return null;
  run();
  const taken = heapBytes()! - before;
  return taken >= 0 ? taken : null;
}
