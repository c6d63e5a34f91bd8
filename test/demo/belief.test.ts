// The page "Inside the belief" end to end, in a real browser on WebGPU: each story's claim in the numbers shown, the remedies,
// and what can go wrong.
import type { Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exposeDevice, keepCopies } from "./conformance-hooks";
import { Demo, type OpenOptions } from "./demo";

const PATH = "/belief.html";

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
const text = async (id: string) => (await page.getByTestId(id).textContent())!.trim();

type Row = { quarters: number[]; largest: number };

/** A row of the table: mean steps of the quarters, and the largest step. */
async function row(variant: "adam" | "adabelief" | "remedied"): Promise<Row> {
  const cells = (await page.locator(`tr[data-variant="${variant}"] td`).allTextContents()).map(Number);
  return { quarters: cells.slice(0, 4), largest: cells[4]! };
}

/** Whatever was changed is run before this. */
async function settled(): Promise<void> {
  await page.waitForTimeout(50);
  await inState("idle");
}

async function open(path: string, options?: OpenOptions): Promise<void> {
  page = await demo.open(path, options);
  await inState("idle");
}

async function tell(title: string): Promise<void> {
  await page.getByRole("button", { name: title }).click();
  await settled();
}

async function enter(label: string, value: string): Promise<void> {
  await page.getByLabel(label, { exact: true }).fill(value);
  await page.keyboard.press("Enter");
  await settled();
}

describe("the stories", () => {
  it("a predictable gradient: Adam steps by 1, AdaBelief by more than 4 from the first quarter on, and 10 in the last", async () => {
    await open(PATH);
    expect(await text("story")).toContain("hardly differs from its own mean");
    const adam = await row("adam");
    const belief = await row("adabelief");
    for (const quarter of adam.quarters) expect(Math.abs(quarter - 1)).toBeLessThan(0.05);
    expect(belief.quarters[0]).toBeGreaterThan(4);
    expect(belief.quarters[3]).toBeGreaterThan(10);
    expect((await row("remedied")).largest).toBeNaN();
    expect(demo.complaints).toEqual([]);
  });

  it("a turn: Adam steps on as before, AdaBelief by less than half", async () => {
    await open(PATH);
    await tell("It turns: small steps");
    const adam = await row("adam");
    const belief = await row("adabelief");
    expect(adam.quarters[2]! / adam.quarters[1]!).toBeGreaterThan(0.9);
    expect(belief.quarters[2]! / belief.quarters[1]!).toBeLessThan(0.5);
    expect(demo.complaints).toEqual([]);
  });

  it("annealing: at one learning rate, both rules' steps fall, AdaBelief's from far higher", async () => {
    await open(PATH);
    await tell("Automatic annealing");
    const adam = await row("adam");
    const belief = await row("adabelief");
    expect(belief.quarters[0]).toBeGreaterThan(2 * adam.quarters[0]!);
    for (const { quarters } of [adam, belief]) {
      expect(quarters[1]).toBeLessThan(quarters[0]!);
      expect(quarters[2]).toBeLessThan(quarters[1]!);
      expect(quarters[3]).toBeLessThan(quarters[2]!);
      expect(quarters[3]).toBeLessThan(quarters[0]! / 4);
    }
    expect(demo.complaints).toEqual([]);
  });

  it("the worry: AdaBelief's late steps grow, and each remedy does what is said of it", async () => {
    await open(PATH);
    await tell("The worry: late steps grow");
    const plain = await row("adabelief");
    expect(plain.quarters[3]).toBeGreaterThan(4 * plain.quarters[0]!);
    expect((await row("adam")).quarters[3]).toBeLessThan(1.05);

    await enter("maxUpdate", "1");
    expect((await row("remedied")).largest).toBeLessThanOrEqual(1);
    expect((await row("adabelief")).quarters).toEqual(plain.quarters);
    await enter("maxUpdate", "");

    await page.getByLabel("amsgrad").check();
    await settled();
    const amsgrad = await row("remedied");
    expect(amsgrad.quarters[3]! / amsgrad.quarters[2]!).toBeLessThan(1.1);
    expect(amsgrad.quarters[3]).toBeLessThan(plain.quarters[3]! / 2);
    await page.getByLabel("amsgrad").uncheck();
    await settled();

    await enter("eps", "1e-6");
    expect((await row("remedied")).quarters[3]).toBeLessThan(plain.quarters[3]! / 2);
    await enter("eps", "1e-16");

    await page.getByLabel("rectify").check();
    await settled();
    const rectified = await row("remedied");
    expect(rectified.quarters[0]).toBeLessThan(plain.quarters[0]!);
    expect(rectified.quarters[3]).toBeGreaterThan(0.5 * plain.quarters[3]!);
    expect(demo.complaints).toEqual([]);
  });
});

it("says how far GPU and float64 are apart: next to nothing", async () => {
  await open(PATH);
  const [step, state] = /most (\S+) of.* and (\S+) of/
    .exec(await text("check"))!
    .slice(1)
    .map(Number);
  expect(step).toBeGreaterThan(0);
  // Bounds of the package: 2e-6 of a step; second moments 1e-6 (median) over a thousand steps.
  expect(step).toBeLessThan(5e-6);
  expect(state).toBeLessThan(5e-6);
});

describe("controls", () => {
  it("repeat a seed, and draw anew for another", async () => {
    await open(`${PATH}?seed=3`);
    const first = await row("adabelief");
    await enter("Seed", "4");
    expect(await row("adabelief")).not.toEqual(first);
    await enter("Seed", "3");
    expect(await row("adabelief")).toEqual(first);
  });

  it("are reproduced by the link, and reset", async () => {
    await open(PATH, { before: keepCopies });
    await tell("Automatic annealing");
    await enter("Mean", "2");
    expect(await page.locator("#stories [aria-pressed=true]").count()).toBe(0);
    await page.getByLabel("amsgrad").check();
    await settled();
    const shown = [await row("adabelief"), await row("remedied")];
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByText("Copied: the link").waitFor();
    const link = new URL((await page.getAttribute("body", "data-copied"))!);
    await page.close();
    await open(link.pathname + link.search);
    expect([await row("adabelief"), await row("remedied")]).toEqual(shown);
    await page.getByTestId("reset").click();
    await settled();
    expect(await page.locator("#stories [aria-pressed=true]").textContent()).toBe("Predictable: large steps");
    expect(new URL(page.url()).search).toBe("");
    expect(demo.complaints).toEqual([]);
  });

  it("say what a bad value must be, and keep what is shown", async () => {
    await open(`${PATH}?noise=-1`);
    expect(await text("notice")).toContain('Noise must be a number at least 0 and at most 1000, got "-1"');
    const before = await row("adabelief");
    for (const value of ["NaN", "abc", "", "1e9"]) {
      await page.getByLabel("Mean", { exact: true }).fill(value);
      await page.keyboard.press("Enter");
      expect(await text("controls-hint")).toBe(
        `Mean must be a number at least -1000 and at most 1000, got "${value}". It stays at 1.`,
      );
    }
    expect(await row("adabelief")).toEqual(before);
    await enter("Mean", "1");
    expect(await text("controls-hint")).toBe("Everything takes effect at once.");
  });

  it("pass on what the package says of remedies that exclude each other", async () => {
    await open(PATH);
    await page.getByLabel("amsgrad").check();
    await settled();
    const before = await row("remedied");
    await page.getByLabel("rectify").check();
    await page.getByText("rectify cannot be true with amsgrad true").waitFor();
    expect(await row("remedied")).toEqual(before);
    await page.getByLabel("amsgrad").uncheck();
    await settled();
    expect(await text("controls-hint")).toBe("Everything takes effect at once.");
    expect(demo.complaints).toEqual([]);
  });
});

describe("without a GPU", () => {
  it("says that the browser has no WebGPU", async () => {
    page = await demo.open(PATH, {
      before: () => Object.defineProperty(Navigator.prototype, "gpu", { value: undefined }),
    });
    await inState("failed");
    expect(await text("notice")).toContain("This browser has no WebGPU. Use a current Chrome");
    expect(demo.complaints).toEqual([]);
  });

  it("says that the GPU was lost, and offers to reload", async () => {
    await open(PATH, { before: exposeDevice });
    await page.evaluate("deviceOfTest.destroy()");
    await inState("failed");
    expect(await text("notice")).toContain("The connection to the GPU was lost");
    await page.getByLabel("Mean", { exact: true }).fill("2");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Reload the page" }).click();
    await inState("idle");
  });
});

it.each([390, 1280])("fits a width of %d, and moves nothing when a story is told", async (width) => {
  await open(PATH, { viewport: { width, height: 844 } });
  const panels = () =>
    page.evaluate(() =>
      [...document.querySelectorAll(".panel")].map((e) => e.getBoundingClientRect().top + scrollY),
    );
  const before = await panels();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
  for (const title of ["It turns", "Automatic annealing", "The worry"]) {
    await tell(title);
    expect(await panels()).toEqual(before);
  }
  await page.getByLabel("amsgrad").check();
  await settled();
  expect(await panels()).toEqual(before);
});
