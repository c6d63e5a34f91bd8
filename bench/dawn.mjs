// Runs the benchmark in Node on the package webgpu (Dawn), in a process of its own: a Vulkan driver is found by what the
// environment says when a process starts. It must not know what is measured.
import { fork } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findBrowser } from "../scripts/browser.mjs";

/**
 * @typedef {import("./options.mjs").BenchmarkOptions} BenchmarkOptions
 * @typedef {import("./headless").BenchmarkEvent} BenchmarkEvent
 */

const CHILD = fileURLToPath(new URL("./dawn-child.mjs", import.meta.url));
const DRIVER = "vk_swiftshader_icd.json";
const LOADER = "libvulkan.so.1";
/** Variables that name Vulkan drivers. */
const DRIVER_VARIABLES = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"];
/** Where Linux keeps the drivers that are installed. */
const DRIVER_FOLDERS = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
/** Where Chromium is when its executable is a script elsewhere. */
const BROWSER_FOLDERS = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"];

const hasDriver = (/** @type {string} */ folder) =>
  existsSync(folder) && readdirSync(folder).some((file) => file.endsWith(".json"));

/** Variables with which Dawn finds a Vulkan driver: Chromium's SwiftShader where Linux has no driver of its own. */
function driverEnvironment() {
  const isNamed = DRIVER_VARIABLES.some((name) => process.env[name]);
  if (process.platform !== "linux" || isNamed || DRIVER_FOLDERS.some(hasDriver)) return {};
  const browser = findBrowser();
  const folders = [...(browser ? [dirname(realpathSync(browser.executablePath))] : []), ...BROWSER_FOLDERS];
  const folder = folders.find((candidate) => existsSync(join(candidate, DRIVER)));
  if (!folder) return {};
  // The loader beside it serves where there is none: an installed one comes first.
  const libraries = [process.env.LD_LIBRARY_PATH, existsSync(join(folder, LOADER)) ? folder : undefined];
  return { VK_DRIVER_FILES: join(folder, DRIVER), LD_LIBRARY_PATH: libraries.filter(Boolean).join(":") };
}

/**
 * Runs a benchmark; resolves when the process has ended, rejects when it failed.
 * @param {BenchmarkOptions} options
 * @param {(event: BenchmarkEvent) => void} onEvent
 * @param {AbortSignal} signal ends the process
 * @returns {Promise<void>}
 */
export function measureInDawn(options, onEvent, signal) {
  return new Promise((resolve, reject) => {
    const child = fork(CHILD, [JSON.stringify(options)], {
      execArgv: ["--expose-gc", "--max-semi-space-size=128", "--min-semi-space-size=64"],
      env: { ...process.env, ...driverEnvironment() },
    });
    signal.addEventListener("abort", () => child.kill());
    child.on("message", onEvent);
    child.on("error", reject);
    child.on("exit", (status, killer) => {
      if (status === 0 || signal.aborted) resolve();
      else reject(new Error(`Dawn's process ended with ${killer ?? `status ${status}`}.`));
    });
  });
}
