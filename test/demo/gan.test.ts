// The page "GAN" end to end, in a real browser on WebGPU, and the distance that it measures.
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ComparisonPage } from "./comparison";
import { exposeDevice } from "./conformance-hooks";
import { Demo, type OpenOptions } from "./demo";
import type { Distances } from "./gan-frechet.page";
import type { JudgeFigures } from "./gan-judge.page";

/** 80 steps under two rules, with an evaluation after every tenth. */
const SHORT = "/gan.html?steps=80&seed=5&rules=adabelief,rmsprop";
/** Noise is at some 330, real digits at 8; the rules are at 306 and 288 after 10 steps, and at 270 after 80. */
const FID_BOUND = 280;
/** 1,000 real digits that the judge has not seen as real ones are at 8. */
const REAL_BOUND = 12;
/** Pixels drawn at random are at some 330. */
const NOISE_BOUND = 250;
/** The judge reads some 93 % of the test digits. */
const ACCURACY_BOUND = 0.88;
const FID = 0;
const BEST = 1;

let demo: Demo;
let shown: ComparisonPage | undefined;

beforeAll(async () => {
  demo = await Demo.start();
});
afterAll(() => demo.stop());
beforeEach(() => {
  demo.complaints.length = 0;
});
afterEach(() => shown?.page.close());

async function open(path: string, options?: OpenOptions): Promise<ComparisonPage> {
  shown = await ComparisonPage.open(demo, path, options);
  return shown;
}

/** The grids of drawings, as they are. */
const drawings = (page: ComparisonPage) =>
  page.page.evaluate(() =>
    [...document.querySelectorAll<HTMLCanvasElement>("#drawings canvas")].map((canvas) => canvas.toDataURL()),
  );

describe("a comparison", () => {
  it("brings the drawings of both rules nearer to real digits, and looks back", async () => {
    const page = await open(SHORT);
    await page.run();
    for (const rule of ["adabelief", "rmsprop"]) {
      expect(await page.value(rule, BEST)).toBeLessThan(FID_BOUND);
      expect(await page.value(rule, FID)).toBeGreaterThanOrEqual(await page.value(rule, BEST));
    }
    expect(await page.text("drawings-summary")).toBe("After 80 steps");
    const last = await drawings(page);
    expect(new Set(last).size).toBe(2);
    const slider = page.page.getByTestId("look-back");
    await slider.focus();
    await page.page.keyboard.press("Home");
    expect(await page.text("drawings-summary")).toBe("After 10 steps");
    expect(await drawings(page)).not.toEqual(last);
    await page.page.keyboard.press("End");
    expect(await drawings(page)).toEqual(last);

    await page.press("reset");
    await page.inState("idle");
    expect(await page.row("rmsprop")).toEqual(Array(5).fill("–"));
    expect(demo.complaints).toEqual([]);
  });

  it("says that the GPU was lost before it could begin", async () => {
    const page = await open(SHORT, { before: exposeDevice });
    await page.inState("idle");
    await page.press("toggle");
    await page.page.getByText("Training the classifier that measures the distance").waitFor();
    await page.page.evaluate("deviceOfTest.destroy()");
    await page.inState("failed");
    expect(await page.text("notice")).toContain("The connection to the GPU was lost");
  });

  it("names a learning rate that is no number", async () => {
    const page = await open("/gan.html?lr=NaN");
    await page.inState("idle");
    expect(await page.text("notice")).toContain(
      'Learning rate of all must be a number above 0 and at most 100, got "NaN"',
    );
  });
});

describe("the judge", () => {
  it("reads digits, and finds real ones near and noise far", async () => {
    const module = fileURLToPath(new URL("./gan-judge.page.ts", import.meta.url));
    const { accuracy, real, noise } = await demo.runModule<JudgeFigures>(module, null);
    expect(accuracy).toBeGreaterThan(ACCURACY_BOUND);
    expect(real).toBeLessThan(REAL_BOUND);
    expect(noise).toBeGreaterThan(NOISE_BOUND);
  });
});

describe("the Fréchet distance", () => {
  it("is what the formula says where that is simple, and 0 between equals", async () => {
    const module = fileURLToPath(new URL("./gan-frechet.page.ts", import.meta.url));
    const { equal, shifted, scaled, turned } = await demo.runModule<Distances>(module, null);
    expect(equal).toBeCloseTo(0, 9);
    // Means apart by (3, 4).
    expect(shifted).toBeCloseTo(25, 9);
    // Deviations 1 and 2 against 3 and 5: (3 − 1)² + (5 − 2)².
    expect(scaled).toBeCloseTo(13, 9);
    // Variances 9 and 1, exchanged by a quarter turn: 2·(3 − 1)².
    expect(turned).toBeCloseTo(8, 9);
  });
});
