// The page "Digits" end to end, in a real browser on WebGPU: what a visitor does, and what can go wrong.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ComparisonPage, POLL } from "./comparison";
import { exposeDevice } from "./conformance-hooks";
import { Demo, type OpenOptions } from "./demo";

const PATH = "/digits.html";
/** 60 steps of two rules, a fixed seed: seconds of training in software. */
const SHORT = `${PATH}?limit=1280&epochs=3&seed=5&rules=adabelief,sgd`;
/** Long enough to be stopped on the way. */
const LONG = `${PATH}?limit=25600&epochs=50&seed=5`;
/** 10 classes guessed at random give a loss of ln 10 = 2.30; the short run ends near 0.3. */
const LOSS_BOUND = 0.9;
/** The short run reads some 87 % of the test set; guessing reads 10 %. */
const ACCURACY_BOUND = 80;
const LOSS = 0;
const TRAINING = 1;
const TEST = 2;
const GAP = 3;

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

describe("a comparison", () => {
  it("lowers the loss of both rules, reads the test set, and repeats itself with the same seed", async () => {
    await open(SHORT);
    await shown.inState("idle");
    expect(await shown.text("adapter")).not.toBe("…");
    expect(await shown.row("sgd")).toEqual(Array(6).fill("–"));
    await shown.run();
    for (const rule of ["adabelief", "sgd"]) {
      expect(await shown.value(rule, LOSS)).toBeLessThan(LOSS_BOUND);
      expect(await shown.value(rule, TEST)).toBeGreaterThan(ACCURACY_BOUND);
      const gap = (await shown.value(rule, TRAINING)) - (await shown.value(rule, TEST));
      expect(await shown.value(rule, GAP)).toBeCloseTo(gap, 1);
    }
    expect(await shown.page.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("100");
    expect(await shown.text("digits-summary")).toMatch(/^AdaBelief: \d+ of 48, half are hard$/);
    expect(await shown.page.locator("#digits li.right, #digits li.wrong").count()).toBe(48);

    const before = [await shown.row("adabelief"), await shown.row("sgd")].map((row) => row.slice(0, GAP + 1));
    await shown.press("toggle");
    await shown.inState("running");
    await shown.inState("finished");
    const after = [await shown.row("adabelief"), await shown.row("sgd")].map((row) => row.slice(0, GAP + 1));
    expect(after).toEqual(before);
    expect(demo.complaints).toEqual([]);
  });

  it("pauses, resumes and resets", async () => {
    await open(LONG);
    await shown.inState("idle");
    await shown.press("toggle");
    await expect.poll(() => shown.step(), POLL).toBeGreaterThan(3);
    await shown.press("toggle");
    await shown.inState("paused");
    const pausedAt = await shown.step();
    await shown.page.waitForTimeout(300);
    expect(await shown.step()).toBe(pausedAt);
    await shown.press("toggle");
    await expect.poll(() => shown.step(), POLL).toBeGreaterThan(pausedAt);
    await shown.press("reset");
    await shown.inState("idle");
    expect(await shown.row("adam")).toEqual(Array(6).fill("–"));
    expect(await shown.page.locator("#digits li.right, #digits li.wrong").count()).toBe(0);
    expect(demo.complaints).toEqual([]);
  });

  it("goes on with the others when a rule diverges, and says which did", async () => {
    await open(`${PATH}?limit=640&epochs=1&batch=16&seed=5&rules=adam,sgd&rates=same&lr=100`);
    await shown.run();
    expect(await shown.text("notice")).toMatch(/^SGD diverged by step \d+: .* the learning rate is too high/);
    expect((await shown.row("sgd"))[LOSS]).toBe("diverged");
    expect(await shown.value("adam", LOSS)).toBeGreaterThan(0);
    expect(demo.complaints).toEqual([]);
  });
});

describe("inside the step", () => {
  it("clips, skips a spoilt batch, and shows what each step of the picked rule does", async () => {
    await open(`${LONG}&clip=0.5&skip=1`);
    await shown.inState("idle");
    expect(await shown.text("grad-norm")).toBe("–");
    await shown.press("toggle");
    await expect.poll(() => shown.step(), POLL).toBeGreaterThan(5);
    await shown.press("spoil");
    expect(await shown.text("spoil-hint")).toContain("left out on the GPU");
    await expect.poll(() => shown.text("skipped"), POLL).toBe("1");
    // Norm and factor are of one step: above the limit of 0.5 their product is 0.5.
    const product = await shown.page.evaluate(() => {
      const read = (id: string) => Number(document.getElementById(id)!.textContent);
      return Math.min(1, read("clip-factor")) * read("grad-norm");
    });
    expect(product).toBeGreaterThan(0.01);
    expect(product).toBeLessThan(0.51);
    expect(await shown.text("step-sizes")).toMatch(
      /^lr \/ \(√v \+ eps\) of [\d,]+ weights, median [\d.e+-]+$/,
    );
    expect(await shown.page.locator(".histogram-bars > div").count()).toBeGreaterThan(20);
    expect(await shown.page.locator(".step-panel tbody tr").count()).toBe(4);
    await shown.page.getByTestId("step-rule").selectOption("adam");
    await expect.poll(() => shown.text("skipped"), POLL).toBe("1");
    await shown.press("reset");
    await shown.inState("idle");
    expect(await shown.text("skipped")).toBe("–");
    expect(await shown.page.locator(".step-panel tbody tr").count()).toBe(0);
    expect(demo.complaints).toEqual([]);
  });

  it("is lost to a spoilt batch without skipping, and says so; and trains unwatched", async () => {
    await open(`${PATH}?limit=1280&epochs=60&seed=5&rules=adabelief&watch=0`);
    await shown.inState("idle");
    await shown.press("toggle");
    expect(await shown.page.getByText("Watching is off for this run.").isVisible()).toBe(true);
    await expect.poll(() => shown.step(), POLL).toBeGreaterThan(5);
    await shown.press("spoil");
    expect(await shown.text("spoil-hint")).toContain("the networks are lost");
    // They read no better than guessing from then on.
    await expect.poll(() => shown.value("adabelief", TEST), POLL).toBeLessThan(20);
    expect(demo.complaints).toEqual([]);
  });
});

describe("settings", () => {
  it("apply a learning rate at once, and the rest after a reset", async () => {
    await open(LONG);
    await shown.inState("idle");
    await shown.press("toggle");
    await shown.inState("running");
    await shown.page.getByLabel("SGD").check({ force: true });
    expect(await shown.text("controls-hint")).toContain("take effect after a reset");
    await shown.page.getByLabel("SGD").uncheck({ force: true });
    expect(await shown.text("controls-hint")).not.toContain("after a reset");
    const rate = shown.page.getByLabel("Learning rate of all", { exact: true });
    await rate.fill("NaN");
    await shown.page.keyboard.press("Enter");
    expect(await shown.text("controls-hint")).toContain(
      'Learning rate of all must be a number above 0 and at most 100, got "NaN". It stays at 0.002',
    );
    await rate.fill("0.004");
    await shown.page.keyboard.press("Enter");
    expect(await shown.page.getByLabel("Same for all").isChecked()).toBe(true);
    expect(shown.page.url()).toContain("rates=same&lr=0.004");
    const from = await shown.step();
    await expect.poll(() => shown.step(), POLL).toBeGreaterThan(from);
    expect(demo.complaints).toEqual([]);
  });

  it("name a bad value in the address and use the default", async () => {
    await open(`${PATH}?model=rnn&batch=32&lr=NaN`);
    await shown.inState("idle");
    expect(await shown.text("notice")).toContain(
      'Network must be one of mlp, cnn, vgg, resnet, densenet, got "rnn"',
    );
    expect(await shown.text("notice")).toContain('got "NaN"');
    expect(await shown.page.getByLabel("Network").inputValue()).toBe("mlp");
    expect(await shown.page.getByLabel("Batch size").inputValue()).toBe("32");
  });
});

describe("without a GPU", () => {
  it("says that the browser has no WebGPU, and what to use", async () => {
    await open(PATH, {
      before: () => Object.defineProperty(Navigator.prototype, "gpu", { value: undefined }),
    });
    await shown.inState("failed");
    expect(await shown.text("notice")).toContain("This browser has no WebGPU. Use a current Chrome");
    expect(await shown.page.getByTestId("toggle").getAttribute("aria-disabled")).toBe("true");
    expect(demo.complaints).toEqual([]);
  });

  it("says that there is no adapter", async () => {
    await open(PATH, {
      before: () => {
        GPU.prototype.requestAdapter = () => Promise.resolve(null);
      },
    });
    await shown.inState("failed");
    expect(await shown.text("notice")).toContain("found no graphics adapter");
    expect(demo.complaints).toEqual([]);
  });

  it("says that the GPU was lost in mid-run, and offers to reload", async () => {
    await open(LONG, { before: exposeDevice });
    await shown.inState("idle");
    await shown.press("toggle");
    await expect.poll(() => shown.step(), POLL).toBeGreaterThan(0);
    await shown.page.evaluate("deviceOfTest.destroy()");
    await shown.inState("failed");
    expect(await shown.text("notice")).toContain("The connection to the GPU was lost");
    await shown.page.getByRole("button", { name: "Reload the page" }).click();
    await shown.inState("idle");
  });
});

describe("access", () => {
  it("can be used by keyboard alone", async () => {
    await open(LONG);
    await shown.inState("idle");
    await shown.page.getByTestId("toggle").focus();
    await shown.page.keyboard.press("Enter");
    await shown.inState("running");
    const focused = await shown.page.evaluate(() => document.activeElement?.id);
    expect(focused).toBe("toggle");
    await shown.page.keyboard.press("Space");
    await shown.inState("paused");
    await shown.page.keyboard.press("Tab");
    await shown.page.keyboard.press("Enter");
    await shown.inState("idle");
  });

  it.each([
    ["phone", 390],
    ["desktop", 1280],
  ])("moves nothing on a %s while it trains", async (_, width) => {
    await open(`${PATH}?limit=640&epochs=1&rules=adabelief`, { viewport: { width, height: 844 } });
    await shown.inState("idle");
    const before = await shown.panels();
    await shown.run();
    expect(await shown.panels()).toEqual(before);
  });
});
