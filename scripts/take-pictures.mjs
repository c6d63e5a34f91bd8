// Takes the pictures of the front page's cards, light and dark, of the pages themselves: `node scripts/take-pictures.mjs
// [name …]`. A page joins by a line in SHOTS.
import { mkdir } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { webgpuLaunchOptions } from "./browser.mjs";
import { serveDemo } from "./serve-demo.mjs";

/**
 * @typedef {object} Shot
 * @property {string} query settings of the page
 * @property {string} [press] the button that starts it
 * @property {string} state the state of the page in which the picture is taken
 * @property {number} [afterMs] time from that state to the picture
 * @property {string} show the element in the picture, of which the upper left is cut to 4:3
 */

/** @type {Record<string, Shot>} */
const SHOTS = {
  landscapes: {
    query: "?view=swarm&landscape=beale&rules=adabelief,adam,rmsprop&count=1000&steps=90&speed=fast",
    press: "#toggle",
    state: "finished",
    show: "#map",
  },
  belief: {
    query: "?meanAfter=-1&steps=2000&changeAt=1000&noise=0.02",
    state: "idle",
    show: ".charts",
  },
  digits: {
    query: "?limit=2560&epochs=6&rules=adabelief,adam,sgd",
    press: "#toggle",
    state: "finished",
    show: ".results",
  },
  language: {
    query: "?steps=40&rules=adabelief,adam",
    press: "#toggle",
    state: "finished",
    show: ".results",
  },
  gan: {
    query: "?steps=100&rules=adabelief,rmsprop",
    press: "#toggle",
    state: "finished",
    show: ".results",
  },
  picture: {
    query: "?steps=200&size=64&gaussians=250",
    press: "#toggle",
    state: "finished",
    show: ".results",
  },
  benchmark: {
    query: "?sizes=65536,262144&rules=adam,adabelief&libraries=0",
    press: "#toggle",
    state: "finished",
    show: ".results",
  },
  conformance: { query: "?filter=defaults", press: "#run", state: "finished", show: "main" },
};

const WAIT_MS = 300_000;
const WIDTH = 1280;
/** The pictures are half as large as what they show. */
const SCALE = 0.5;

const folder = fileURLToPath(new URL("../demo/pictures/cards", import.meta.url));
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SHOTS);
const unknown = names.filter((name) => !SHOTS[name]);
if (unknown.length > 0) {
  console.error(`No picture of ${unknown.join(", ")} is known; there are ${Object.keys(SHOTS).join(", ")}.`);
  process.exit(2);
}

await mkdir(folder, { recursive: true });
const server = await serveDemo("pictures");
const browser = await chromium.launch(await webgpuLaunchOptions());
for (const name of names) {
  const { query, press, state, afterMs = 0, show } = /** @type {Shot} */ (SHOTS[name]);
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const page = await browser.newPage({
      viewport: { width: WIDTH, height: 1400 },
      deviceScaleFactor: SCALE,
      colorScheme,
    });
    await page.goto(`${server.url}/${name}.html${query}`);
    if (press) await page.locator(`${press}[aria-disabled="false"]`).click({ timeout: WAIT_MS });
    await page.locator(`body[data-state="${state}"]`).waitFor({ timeout: WAIT_MS });
    await page.waitForTimeout(Math.max(300, afterMs));
    const box = await page.locator(show).first().boundingBox();
    if (!box) throw new Error(`${name} shows no ${show}`);
    const { x, y, width, height } = box;
    const cut = { x, y, width: Math.min(width, (height * 4) / 3), height: Math.min(height, (width * 3) / 4) };
    const path = `${folder}/${name}${colorScheme === "dark" ? "-dark" : ""}.png`;
    await page.screenshot({ path, clip: cut });
    console.log(path);
    await page.close();
  }
}
await browser.close();
await server.close();
