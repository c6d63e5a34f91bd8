// The page "Language" end to end, in a real browser on WebGPU: what a visitor does, and what can go wrong.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ComparisonPage, POLL } from "./comparison";
import { exposeDevice } from "./conformance-hooks";
import { Demo, type OpenOptions } from "./demo";

const SMALL = "hidden=32&streams=16&window=8&seed=5";
/** 50 steps of a small network under two rules. */
const SHORT = `/language.html?${SMALL}&steps=50&rules=adabelief,adam`;
/** Long enough to be stopped on the way. */
const LONG = `/language.html?${SMALL}&steps=5000&rules=adabelief`;
/** 64 characters guessed alike have a perplexity of 64; their frequencies alone bring it to about 21. */
const PERPLEXITY_BOUND = 25;

const TRAINING = 0;
const VALIDATION = 1;
const NORM = 2;
const CLIPPED = 3;

let demo: Demo;
let shown: ComparisonPage;

beforeAll(async () => {
  demo = await Demo.start();
});
afterAll(() => demo.stop());
beforeEach(() => {
  demo.complaints.length = 0;
});
afterEach(() => shown.page.close());

async function open(path: string, options?: OpenOptions): Promise<void> {
  shown = await ComparisonPage.open(demo, path, options);
}

const writings = () => shown.page.locator("#writing p").allTextContents();

describe("a comparison", () => {
  it("lowers the perplexity, writes, clips gradients, and repeats itself with the same seed", async () => {
    await open(SHORT);
    await shown.run();
    for (const rule of ["adabelief", "adam"]) {
      expect(await shown.value(rule, TRAINING)).toBeLessThan(PERPLEXITY_BOUND);
      expect(await shown.value(rule, VALIDATION)).toBeLessThan(PERPLEXITY_BOUND);
      expect(await shown.value(rule, CLIPPED)).toBeLessThanOrEqual(0.25);
      expect(await shown.value(rule, CLIPPED)).toBeLessThanOrEqual(await shown.value(rule, NORM));
    }
    expect(await shown.text("writing-summary")).toBe("After 50 steps");
    const written = await writings();
    expect(written).toHaveLength(2);
    for (const text of written) expect(text).toMatch(/^The whale .{100}/s);
    const before = (await shown.row("adam")).slice(0, CLIPPED + 1);

    await shown.press("toggle");
    await shown.inState("running");
    await shown.inState("finished");
    expect((await shown.row("adam")).slice(0, CLIPPED + 1)).toEqual(before);
    expect(await writings()).toEqual(written);
    expect(demo.complaints).toEqual([]);
  });

  it("trains several layers, pauses and resumes", async () => {
    await open(`${LONG}&layers=3`);
    await shown.inState("idle");
    expect(await shown.page.getByLabel("3", { exact: true }).isChecked()).toBe(true);
    await shown.press("toggle");
    await expect.poll(() => shown.step(), POLL).toBeGreaterThan(1);
    await shown.press("toggle");
    await shown.inState("paused");
    const pausedAt = await shown.step();
    await shown.press("toggle");
    await expect.poll(() => shown.step(), POLL).toBeGreaterThan(pausedAt);
    await shown.press("reset");
    await shown.inState("idle");
    expect(await shown.row("adabelief")).toEqual(Array(5).fill("–"));
    expect(demo.complaints).toEqual([]);
  });
});

describe("what goes wrong", () => {
  it("is named: a learning rate that is no number", async () => {
    await open("/language.html?lr=NaN");
    await shown.inState("idle");
    expect(await shown.text("notice")).toContain(
      'Learning rate of all must be a number above 0 and at most 100, got "NaN"',
    );
    expect(demo.complaints).toEqual([]);
  });

  it("is named: a GPU that is lost in mid-run", async () => {
    await open(LONG, { before: exposeDevice });
    await shown.inState("idle");
    await shown.press("toggle");
    await expect.poll(() => shown.step(), POLL).toBeGreaterThan(0);
    await shown.page.evaluate("deviceOfTest.destroy()");
    await shown.inState("failed");
    expect(await shown.text("notice")).toContain("The connection to the GPU was lost");
  });
});

it.each([
  ["phone", 390],
  ["desktop", 1280],
])("moves nothing on a %s while it trains", async (_, width) => {
  await open(SHORT.replace("steps=50", "steps=10"), { viewport: { width, height: 844 } });
  await shown.inState("idle");
  const before = await shown.panels();
  await shown.run();
  expect(await shown.panels()).toEqual(before);
});
