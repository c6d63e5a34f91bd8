// The page "Landscapes" end to end, in a real browser on WebGPU: what a visitor does, what the page shows, what can go wrong.
import type { Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exposeDevice, keepCopies } from "./conformance-hooks";
import { SOFTWARE_CANVAS } from "../../scripts/browser.mjs";
import { Demo, type OpenOptions } from "./demo";

const PATH = "/landscapes.html";
const RACE = `${PATH}?rules=adabelief,adam&steps=220&speed=fast`;
const SWARM = `${PATH}?view=swarm&rules=adabelief,adam&count=1000&steps=220&speed=fast&seed=5`;
/** Long enough to be stopped on the way. */
const LONG = `${PATH}?rules=adam,sgd&steps=5000`;

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

/** Under load, software steps slowly. */
const POLL = { timeout: 60_000, interval: 50 };

const inState = (state: string) => page.locator(`body[data-state="${state}"]`).waitFor({ timeout: 120_000 });
const text = async (id: string) => (await page.getByTestId(id).textContent())!.trim();
const press = (id: string) => page.getByTestId(id).click();
const step = async () =>
  Number(/step ([\d,]+) of/.exec(await text("progress-detail"))![1]!.replaceAll(",", ""));

/** A row of the table: learning rate, value, step of arrival. */
async function standing(rule: string): Promise<string[]> {
  return page.locator(`tr[data-rule="${rule}"] td`).allTextContents();
}

async function open(path: string, options?: OpenOptions): Promise<void> {
  page = await demo.open(path, options);
  await inState("idle");
  if (!(await page.getByLabel("Seed").isVisible())) await page.getByText("More settings").click();
}

async function runToEnd(path: string): Promise<void> {
  await open(path);
  await press("toggle");
  await inState("finished");
}

describe("a race", () => {
  it("brings both rules to the minimum of |x| + |y|, AdaBelief in half the time of Adam", async () => {
    await open(RACE);
    expect(await standing("adam")).toEqual(["0.02", "4.1", "–"]);
    const before = await page.getByTestId("map").screenshot();
    await press("toggle");
    await inState("finished");
    expect(await text("status")).toBe("Done");
    expect(await text("progress-detail")).toBe("step 220 of 220 · 2 rules");
    const [, beliefHeight, beliefStep] = await standing("adabelief");
    const [, adamHeight, adamStep] = await standing("adam");
    expect(Number(beliefHeight)).toBeLessThan(0.1);
    expect(Number(adamHeight)).toBeLessThan(0.1);
    expect(Number(beliefStep)).toBeGreaterThan(0);
    expect(Number(beliefStep)).toBeLessThan(Number(adamStep) / 2);
    expect((await page.getByTestId("map").screenshot()).equals(before)).toBe(false);
    expect(demo.complaints).toEqual([]);
  });

  it("gives each rule the learning rate that a rehearsal found", async () => {
    await open(`${RACE}&rates=tuned`);
    await press("toggle");
    await inState("finished");
    const [rate, height] = await standing("adam");
    expect(Number(rate)).toBeGreaterThan(0.02);
    expect(Number(height)).toBeLessThan(0.5);
    await page.getByLabel("Learning rate of all", { exact: true }).fill("0.03");
    await page.keyboard.press("Enter");
    await inState("idle");
    expect(await page.getByLabel("Same for all").isChecked()).toBe(true);
    await expect.poll(() => standing("adam")).toEqual(["0.03", "4.1", "–"]);
  });

  it("lets all ten rules run on every landscape", async () => {
    await open(`${PATH}?rules=adabelief,adam,adamw,nadam,radam,adamax,sgd,rmsprop,adagrad,lion&steps=30`);
    const landscapes = await page.getByLabel("Landscape").locator("option").allTextContents();
    expect(landscapes).toHaveLength(7);
    for (const label of landscapes) {
      await page.getByLabel("Landscape").selectOption({ label });
      await inState("idle");
      const starts = await page.locator("#standings td:nth-child(3)").allTextContents();
      expect(new Set(starts).size).toBe(1);
      await press("toggle");
      await inState("finished");
      const heights = await page.locator("#standings td:nth-child(3)").allTextContents();
      expect(heights).toHaveLength(10);
      // On the way down, and each in its own way.
      expect(new Set(heights).size).toBeGreaterThan(3);
    }
    expect(demo.complaints).toEqual([]);
  });
});

describe("a swarm", () => {
  it("arrives, AdaBelief's half long before Adam's", async () => {
    await open(SWARM);
    const share = async (rule: string) => parseFloat((await standing(rule))[1]!);
    expect(await share("adam")).toBeLessThan(2);
    const before = await page.getByTestId("map").screenshot();
    await press("toggle");
    await inState("finished");
    expect(await share("adabelief")).toBeGreaterThan(99);
    expect(await share("adam")).toBeGreaterThan(95);
    const half = async (rule: string) => Number((await standing(rule))[2]);
    expect(await half("adabelief")).toBeLessThan(0.8 * (await half("adam")));
    expect((await page.getByTestId("map").screenshot()).equals(before)).toBe(false);
    expect(demo.complaints).toEqual([]);
  });

  it("takes a hundred thousand points", async () => {
    await runToEnd(`${PATH}?view=swarm&rules=adabelief&count=100000&steps=10&speed=fast`);
    expect(await text("progress-detail")).toBe("step 10 of 10 · 1 × 100,000");
    expect(parseFloat((await standing("adabelief"))[1]!)).toBeGreaterThan(0);
    expect(demo.complaints).toEqual([]);
  });

  it("repeats itself with the same seed, noise and all", async () => {
    const path = `${PATH}?view=swarm&landscape=ravine&rules=adam,sgd&count=1000&steps=60&speed=fast`;
    const shares = async () => [(await standing("adam"))[1], (await standing("sgd"))[1]];
    await runToEnd(`${path}&seed=7`);
    const first = await shares();
    await press("toggle");
    await inState("running");
    await inState("finished");
    expect(await shares()).toEqual(first);
    await page.getByLabel("Seed").fill("8");
    await page.keyboard.press("Enter");
    await inState("idle");
    await press("toggle");
    await inState("finished");
    expect(await shares()).not.toEqual(first);
  });
});

describe("controls", () => {
  it("pause, resume and reset", async () => {
    await open(LONG);
    await press("toggle");
    await expect.poll(step, POLL).toBeGreaterThan(3);
    await press("toggle");
    await inState("paused");
    // A frame that was under way may still end.
    await page.waitForTimeout(300);
    const pausedAt = await step();
    await page.waitForTimeout(300);
    expect(await step()).toBe(pausedAt);
    await press("toggle");
    await expect.poll(step, POLL).toBeGreaterThan(pausedAt);
    await press("reset");
    await inState("idle");
    expect(await step()).toBe(0);
    expect(demo.complaints).toEqual([]);
  });

  it("put the start elsewhere by arrow keys, by a click, and by numbers", async () => {
    await open(RACE);
    const marker = page.getByTestId("start-marker");
    await marker.focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.getByLabel("Start x").inputValue()).toBe("-3.1");
    await page.locator("#overlay").click({ position: { x: 40, y: 40 } });
    const x = Number(await page.getByLabel("Start x").inputValue());
    expect(x).toBeLessThan(-3.5);
    await page.getByLabel("Start y").fill("-1");
    await page.keyboard.press("Enter");
    await inState("idle");
    expect(await marker.getAttribute("aria-label")).toBe(`Start at ${x}, -1; arrow keys move it`);
    const height = (await standing("adam"))[1];
    expect(Number(height)).toBeCloseTo(1 - x, 1);
    const box = (await marker.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 150, box.y, { steps: 3 });
    await page.mouse.up();
    expect(Number(await page.getByLabel("Start x").inputValue())).toBeGreaterThan(x + 0.5);
    expect(demo.complaints).toEqual([]);
  });

  it("are reproduced by the link", async () => {
    await open(PATH, { before: keepCopies });
    await page.getByLabel("Swarm").check({ force: true });
    await page.getByLabel("Landscape").selectOption("beale");
    await page.getByLabel("Adam", { exact: true }).uncheck({ force: true });
    await page.getByLabel("Learning rate of all", { exact: true }).fill("0.05");
    await page.getByLabel("Start x").fill("1.5");
    await page.keyboard.press("Enter");
    await page.getByLabel("Points per rule").selectOption("1000");
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByText("Copied: the link").waitFor();
    const link = new URL((await page.getAttribute("body", "data-copied"))!);
    await page.close();
    await open(link.pathname + link.search);
    expect(await page.getByLabel("Swarm").isChecked()).toBe(true);
    expect(await page.getByLabel("Landscape").inputValue()).toBe("beale");
    expect(await page.getByLabel("Adam", { exact: true }).isChecked()).toBe(false);
    expect(await page.getByLabel("Learning rate of all", { exact: true }).inputValue()).toBe("0.05");
    expect(await page.getByLabel("Start x").inputValue()).toBe("1.5");
    expect(await text("progress-detail")).toBe("step 0 of 500 · 3 × 1,000");
  });

  it("keep a run going when a learning rate is bad, and apply the next good one", async () => {
    await open(LONG);
    await press("toggle");
    await inState("running");
    const field = page.getByLabel("Learning rate of all", { exact: true });
    for (const value of ["NaN", "-1", "abc", ""]) {
      await field.fill(value);
      await page.keyboard.press("Enter");
      expect(await text("controls-hint")).toBe(
        `Learning rate of all must be a number above 0 and at most 10, got "${value}". It stays at 0.02.`,
      );
      expect(await field.getAttribute("aria-invalid")).toBe("true");
    }
    const from = await step();
    await expect.poll(step, POLL).toBeGreaterThan(from + 3);
    await field.fill("0.001");
    await page.keyboard.press("Enter");
    expect((await standing("adam"))[0]).toBe("0.001");
    expect(await text("controls-hint")).not.toContain("must be");
    expect(await page.getAttribute("body", "data-state")).toBe("running");
    expect(demo.complaints).toEqual([]);
  });

  it("refuse to leave no rule, and name what is wrong in the address", async () => {
    await open(`${PATH}?rules=adam&lr=NaN&landscape=alps&x=1e9`);
    const notice = await text("notice");
    expect(notice).toContain('Learning rate of all must be a number above 0 and at most 10, got "NaN"');
    expect(notice).toContain("Landscape must be one of cross, diagonal");
    expect(notice).toContain("Start x must be a number from -100 to 100");
    await page.getByLabel("Adam", { exact: true }).click({ force: true });
    expect(await page.getByLabel("Adam", { exact: true }).isChecked()).toBe(true);
    expect(await text("controls-hint")).toContain("Update rules must be some of");
  });
});

describe("without a GPU", () => {
  it("says that the browser has no WebGPU", async () => {
    page = await demo.open(PATH, {
      before: () => Object.defineProperty(Navigator.prototype, "gpu", { value: undefined }),
    });
    await inState("failed");
    expect(await text("notice")).toContain("This browser has no WebGPU. Use a current Chrome");
    expect(await page.getByTestId("toggle").getAttribute("aria-disabled")).toBe("true");
    await page.getByLabel("Landscape").selectOption("beale");
    expect(await page.locator("#story").textContent()).toContain("Steep walls");
    expect(demo.complaints).toEqual([]);
  });

  it.each(["race", "swarm"])("says that the GPU was lost in mid-%s, and offers to reload", async (view) => {
    await open(`${LONG}&view=${view}&count=1000`, { before: exposeDevice });
    await press("toggle");
    await expect.poll(step, POLL).toBeGreaterThan(0);
    await page.evaluate("deviceOfTest.destroy()");
    await inState("failed");
    expect(await text("notice")).toContain("The connection to the GPU was lost");
    await page.getByLabel("Landscape").selectOption("beale");
    expect(await page.getAttribute("body", "data-state")).toBe("failed");
    await page.getByRole("button", { name: "Reload the page" }).click();
    await inState("idle");
  });
});

it.each([390, 1280])("fits a width of %d, and moves nothing while it runs", async (width) => {
  await open(`${RACE}&view=swarm&count=1000`, { viewport: { width, height: 844 } });
  const panels = () =>
    page.evaluate(() => [...document.querySelectorAll(".panel")].map((e) => e.getBoundingClientRect().top));
  const before = await panels();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
  await press("toggle");
  await inState("finished");
  expect(await panels()).toEqual(before);
});

it("draws straight to the canvas where there is a graphics card", async () => {
  const other = await Demo.start(SOFTWARE_CANVAS);
  page = await other.open(SWARM, {
    before: () => {
      // The page cannot tell this adapter from hardware.
      Object.defineProperty(GPUAdapterInfo.prototype, "architecture", { value: "test" });
      Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { value: false });
    },
  });
  await inState("idle");
  const picture = () => page.getByTestId("map").screenshot();
  const before = await picture();
  await press("toggle");
  await inState("finished");
  expect((await picture()).equals(before)).toBe(false);
  expect(
    await page.locator("#picture").evaluate((canvas: HTMLCanvasElement) => canvas.getContext("2d")),
  ).toBe(null);
  expect(other.complaints).toEqual([]);
  await other.stop();
});
