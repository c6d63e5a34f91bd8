// The front page end to end, in a real browser on WebGPU: cards, live previews, and pictures where there can be none.
import type { Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PAGES } from "../../demo/shared/pages.mjs";
import { exposeDevice } from "./conformance-hooks";
import { Demo, type OpenOptions } from "./demo";

/** Eight previews share a software adapter. */
const LONG = { timeout: 60_000 };

let demo: Demo;
let page: Page;

beforeAll(async () => {
  demo = await Demo.start();
});
afterAll(() => demo.stop());
beforeEach(() => {
  demo.complaints.length = 0;
});
afterEach(() => page.close());

const inState = (state: string) => page.locator(`body[data-state="${state}"]`).waitFor({ timeout: 60_000 });
const stage = (name: string) => page.locator(`.stage[data-name="${name}"]`);
const drawn = (name: string) =>
  stage(name)
    .locator("canvas")
    .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
const isLive = (name: string) => stage(name).evaluate((element) => element.classList.contains("live"));

async function open(options?: OpenOptions): Promise<void> {
  page = await demo.open("/", options);
}

it("has a card for every page: a picture, a sentence, and a link that leads there", async () => {
  await open();
  await inState("idle");
  const cards = page.locator(".card");
  expect(await cards.count()).toBe(PAGES.length);
  for (const { name, title, sentence } of PAGES) {
    const card = cards.filter({ has: page.locator(`a[href="./${name}.html"]`) });
    expect(await card.locator("p").textContent()).toBe(sentence);
    const width = await card.locator("img").evaluate(async (image: HTMLImageElement) => {
      await image.decode();
      return image.naturalWidth;
    });
    expect(width, `picture of ${title}`).toBeGreaterThan(200);
  }
  // The whole card is the link.
  await stage("belief").click({ force: true });
  await page.waitForURL("**/belief.html");
  expect(await page.locator("h1").textContent()).toBe("Inside the belief");
  expect(demo.complaints).toEqual([]);
});

it("has every page in the navigation of every page", async () => {
  await open();
  for (const { name, title } of PAGES) {
    await page.locator(`#to-${name}`).click();
    await page.waitForURL(`**/${name}.html`);
    expect(await page.locator("nav a").allTextContents()).toEqual(PAGES.map((other) => other.title));
    expect(await page.locator("nav [aria-current=page]").textContent()).toBe(title);
  }
  await page.getByRole("link", { name: "webgpu-optim" }).click();
  await page.waitForURL(/\/$/);
});

describe("previews", () => {
  it("move while they are in view, and rest while they are not", async () => {
    await open({ viewport: { width: 1280, height: 1500 } });
    for (const { name } of PAGES) {
      await expect.poll(() => isLive(name), { ...LONG, message: name }).toBe(true);
      const before = await drawn(name);
      await expect.poll(async () => (await drawn(name)) === before, { ...LONG, message: name }).toBe(false);
    }
    await page.setViewportSize({ width: 390, height: 300 });
    await page.evaluate("scrollTo(0, document.body.scrollHeight)");
    await page.waitForTimeout(500);
    const before = await drawn("belief");
    await page.waitForTimeout(500);
    expect(await drawn("belief")).toBe(before);
    expect(demo.complaints).toEqual([]);
  });

  it("stay pictures for visitors who want no motion", async () => {
    await open({ reducedMotion: "reduce" });
    await inState("idle");
    await page.waitForTimeout(1500);
    expect(await page.locator(".stage.live").count()).toBe(0);
    expect(demo.complaints).toEqual([]);
  });

  it("stay pictures without WebGPU, and the page says why", async () => {
    await open({ before: () => Object.defineProperty(Navigator.prototype, "gpu", { value: undefined }) });
    await inState("failed");
    expect(await page.getByTestId("notice").textContent()).toContain("This browser has no WebGPU");
    expect(await page.locator(".stage.live").count()).toBe(0);
    expect(await page.locator(".card img").count()).toBe(PAGES.length);
    expect(demo.complaints).toEqual([]);
  });

  it("become pictures again when the GPU is lost", async () => {
    await open({ before: exposeDevice });
    await expect.poll(() => isLive("landscapes"), { timeout: 30_000 }).toBe(true);
    await page.evaluate("deviceOfTest.destroy()");
    await inState("failed");
    await page.waitForTimeout(300);
    expect(await page.locator(".stage.live").count()).toBe(0);
    expect(await page.getByTestId("notice").textContent()).toContain("The connection to the GPU was lost");
  });
});

it.each([390, 1280])("fits a width of %d, and moves nothing while previews start", async (width) => {
  await open({ viewport: { width, height: 844 } });
  const cards = () =>
    page.evaluate(() => [...document.querySelectorAll(".card")].map((e) => e.getBoundingClientRect().top));
  const before = await cards();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
  await expect.poll(() => isLive("landscapes"), { timeout: 30_000 }).toBe(true);
  expect(await cards()).toEqual(before);
});
