// Makes sure that a browser with WebGPU is there: finds one, else installs one, else says what to install.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { BROWSER_VARIABLE, findBrowser } from "./browser.mjs";

/** Runs a command with its output shown; true when it succeeded within the time. */
function run(/** @type {string} */ command, /** @type {string[]} */ args, timeoutMs = 300_000) {
  console.log(`$ ${[command, ...args].join(" ")}`);
  const result = spawnSync(command, args, {
    stdio: "inherit",
    timeout: timeoutMs,
    shell: process.platform === "win32",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return result.status === 0;
}

/** Installs Playwright's Chromium, else Debian's or Ubuntu's as root. */
function installBrowser() {
  console.log("No Chrome or Chromium found; installing one.");
  if (run("npx", ["playwright", "install", "chromium"], 180_000) && findBrowser()) return;
  if (process.platform !== "linux" || process.getuid?.() !== 0) return;
  if (run("apt-get", ["update"])) run("apt-get", ["install", "-y", "--no-install-recommends", "chromium"]);
}

if (!findBrowser()) installBrowser();
const browser = findBrowser();
if (!browser) {
  console.error(
    "No browser with WebGPU could be found or installed. Install Google Chrome or Chromium (for example " +
      `\`npx playwright install chromium\` or \`sudo apt-get install chromium\`), or set ${BROWSER_VARIABLE} ` +
      "to the path of one.",
  );
  process.exit(1);
}
console.log(`Browser: ${browser.executablePath} (${browser.origin})`);
