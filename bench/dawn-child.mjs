// The process in which dawn.mjs measures: gives Node a WebGPU and runs the benchmark's modules through vite, as the
// browser gets them. It must not know what is measured.
import os from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { create, globals } from "webgpu";

const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** @typedef {import("./headless").BenchmarkEvent} BenchmarkEvent */

const send = (/** @type {BenchmarkEvent} */ event) => {
  process.send?.(event);
};

Object.assign(globalThis, globals);
// Exact timestamps are behind this toggle.
const gpu = create([
  "enable-dawn-features=allow_unsafe_apis",
  "disable-dawn-features=timestamp_quantization",
]);
const server = await createServer({
  configFile: at("../vite.config.ts"),
  mode: "demo",
  logLevel: "error",
  cacheDir: at("../node_modules/.vite/bench-dawn"),
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, watch: null },
});
try {
  const { runHeadless } = /** @type {typeof import("./headless")} */ (
    await server.ssrLoadModule(at("./headless.ts"))
  );
  const options = JSON.parse(process.argv[2] ?? "{}");
  await runHeadless(
    () => gpu,
    options,
    `Node ${process.version}, Dawn (${os.type()} ${os.arch()})`,
    false,
    send,
  );
} finally {
  await server.close();
  process.disconnect?.();
}
