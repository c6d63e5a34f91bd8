// Finds a Chromium with WebGPU and says how to launch it. Used by the tests, by `npm run train` and by the
// set-up script. It must not know what runs in the browser.
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { chromium } from "playwright";

/** The variable that names a browser to use before any other. */
export const BROWSER_VARIABLE = "WEBGPU_BROWSER";
/** `hardware`, `software` or `auto` (the default: hardware when there is some, else software). */
export const ADAPTER_VARIABLE = "WEBGPU_ADAPTER";

const NAMES = ["google-chrome-stable", "google-chrome", "chromium", "chromium-browser", "chrome"];

/** Paths where installers of Chrome and Chromium put the executable. */
function installedCandidates() {
  const onPath = (process.env.PATH ?? "")
    .split(process.platform === "win32" ? ";" : ":")
    .flatMap((folder) =>
      NAMES.map((name) => join(folder, process.platform === "win32" ? `${name}.exe` : name)),
    );
  if (process.platform === "darwin") {
    onPath.push(
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
      "/Applications/Chromium.app/Contents/MacOS/Chromium",
    );
  }
  if (process.platform === "win32") {
    for (const root of [
      process.env.PROGRAMFILES,
      process.env["PROGRAMFILES(X86)"],
      process.env.LOCALAPPDATA,
    ]) {
      if (root) onPath.push(join(root, "Google", "Chrome", "Application", "chrome.exe"));
    }
  }
  return onPath;
}

/**
 * The browser to use, or null when there is none: the one named by WEBGPU_BROWSER, Playwright's own, then an
 * installed Chrome or Chromium.
 * @returns {{ executablePath: string, origin: string } | null}
 * @throws when WEBGPU_BROWSER names a file that does not exist
 */
export function findBrowser() {
  const named = process.env[BROWSER_VARIABLE];
  if (named) {
    if (!existsSync(named)) throw new Error(`${BROWSER_VARIABLE} names "${named}", which does not exist`);
    return { executablePath: named, origin: BROWSER_VARIABLE };
  }
  const own = chromium.executablePath();
  if (own && existsSync(own)) return { executablePath: own, origin: "Playwright" };
  const installed = installedCandidates().find((path) => existsSync(path));
  return installed ? { executablePath: installed, origin: "installed" } : null;
}

/** Flags that only keep an automated browser quiet and off the network. */
const QUIET = [
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Flags with which SwiftShader also composites the page: headless, a canvas that WebGPU draws on takes the GPU process down
 * without them. They slow everything else.
 */
export const SOFTWARE_CANVAS = [
  "--enable-unsafe-webgpu",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
];

/**
 * Command-line flags for a headless browser with WebGPU.
 * @param {"hardware" | "software"} adapter
 */
function launchArgs(adapter) {
  const args = [...QUIET];
  // Chromium's sandbox refuses to run as root, as in most containers.
  if (process.getuid?.() === 0) args.push("--no-sandbox");
  if (adapter === "software") args.push("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader");
  // On Linux, headless Chrome offers the graphics card to WebGPU only through Vulkan.
  else if (process.platform === "linux") args.push("--enable-unsafe-webgpu", "--enable-features=Vulkan");
  return args;
}

/** Whether a browser launched with these options finds a WebGPU adapter. */
async function hasAdapter(/** @type {import("playwright").LaunchOptions} */ options) {
  const browser = await chromium.launch(options);
  try {
    const page = await browser.newPage();
    // WebGPU needs a secure context; an intercepted localhost page is one, without a server.
    await page.route("**/*", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
    await page.goto("http://localhost/");
    return await page.evaluate(async () => (await navigator.gpu?.requestAdapter()) != null);
  } finally {
    await browser.close();
  }
}

/**
 * Playwright launch options for a headless browser in which WebGPU works.
 * @returns {Promise<import("playwright").LaunchOptions>}
 * @throws when there is no browser, or none of the allowed adapters
 */
export async function webgpuLaunchOptions() {
  const browser = findBrowser();
  if (!browser) {
    throw new Error("No browser found. Run `npm run setup`, or name one with the variable WEBGPU_BROWSER.");
  }
  const wanted = process.env[ADAPTER_VARIABLE] ?? "auto";
  if (!["auto", "hardware", "software"].includes(wanted)) {
    throw new Error(`${ADAPTER_VARIABLE} must be auto, hardware or software, got "${wanted}"`);
  }
  const tries = /** @type {("hardware" | "software")[]} */ (
    wanted === "auto" ? ["hardware", "software"] : [wanted]
  );
  for (const adapter of tries) {
    const options = { executablePath: browser.executablePath, headless: true, args: launchArgs(adapter) };
    if (await hasAdapter(options)) return options;
  }
  throw new Error(
    `${browser.executablePath} offers no WebGPU adapter (tried: ${tries.join(", ")}). ` +
      "Update the browser to Chrome or Chromium 121 or later, or name another one with WEBGPU_BROWSER.",
  );
}
