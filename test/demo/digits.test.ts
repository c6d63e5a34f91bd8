// The page "Digits" end to end, in a real browser on WebGPU: what a visitor does, and what can go wrong.
import type { Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PAGES } from "../../demo/shared/pages.mjs";
import { Demo } from "./demo";

/** 60 steps, a fixed seed: a second or two of training in software. */
const SHORT = "/digits.html?limit=2560&epochs=3&seed=5";
/** Long enough to be stopped on the way. */
const LONG = "/digits.html?limit=25600&epochs=50&seed=5";
/** 10 classes guessed at random give a loss of ln 10 = 2.30; the short run ends near 0.4. */
const LOSS_BOUND = 0.9;
/** The short run reads some 87 % of the test set; guessing reads 10 %. */
const ACCURACY_BOUND = 80;

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
const POLL = { timeout: 30_000, interval: 50 };

const inState = (state: string) => page.locator(`body[data-state="${state}"]`).waitFor({ timeout: 60_000 });
const text = async (id: string) => (await page.getByTestId(id).textContent())!.trim();
const press = (id: string) => page.getByTestId(id).click();

/** Completed steps, as the page shows them. */
async function step(): Promise<number> {
  return Number(/step ([\d,]+) of/.exec(await text("progress-detail"))?.[1]?.replaceAll(",", "") ?? 0);
}

async function open(path: string, options?: Parameters<Demo["open"]>[1]): Promise<void> {
  page = await demo.open(path, options);
}

describe("training", () => {
  it("lowers the loss, reads the test set, and repeats itself with the same seed", async () => {
    await open(SHORT);
    await inState("idle");
    expect(await text("adapter")).not.toBe("…");
    expect(await text("loss")).toBe("–");
    await press("toggle");
    await inState("finished");

    const accuracy = await text("accuracy");
    expect(Number(await text("loss"))).toBeLessThan(LOSS_BOUND);
    expect(parseFloat(accuracy)).toBeGreaterThan(ACCURACY_BOUND);
    expect(await page.locator("#accuracy-detail").textContent()).toContain("all 10,000");
    expect(await text("speed")).toMatch(/^\d+(\.\d)? steps\/s$/);
    expect(await text("optimizer")).toMatch(/^\d+\.\d\d ms$/);
    expect(await page.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("100");
    expect(await text("digits-summary")).toMatch(/^\d+ of 48, half are hard$/);
    expect(await page.locator("#digits li.right, #digits li.wrong").count()).toBe(48);
    expect(await page.locator("#digits li").first().getAttribute("aria-label")).toBe("A 7, read as 7: right");

    await press("toggle");
    await inState("running");
    await inState("finished");
    expect(await text("accuracy")).toBe(accuracy);
    expect(await page.locator("#loss-legend").textContent()).toContain("before: adabelief 0.002");
    expect(demo.complaints).toEqual([]);
  });

  it("pauses, resumes and resets", async () => {
    await open(LONG);
    await inState("idle");
    await press("toggle");
    await inState("running");
    await expect.poll(step, POLL).toBeGreaterThan(10);
    await press("toggle");
    await inState("paused");
    const pausedAt = await step();
    await page.waitForTimeout(500);
    expect(await step()).toBe(pausedAt);

    await press("toggle");
    await expect.poll(step, POLL).toBeGreaterThan(pausedAt);
    await press("reset");
    await inState("idle");
    expect(await text("loss")).toBe("–");
    expect(await text("accuracy")).toBe("–");
    expect(await page.locator("#digits li.right, #digits li.wrong").count()).toBe(0);

    // The run after a reset starts from the beginning.
    await press("toggle");
    await inState("running");
    await expect.poll(step, POLL).toBeGreaterThan(0);
    expect(await step()).toBeLessThan(pausedAt);
    expect(demo.complaints).toEqual([]);
  });

  it("clips, skips a spoilt batch, and shows what each step does", async () => {
    await open(`${LONG}&clip=0.5&skip=on`);
    await inState("idle");
    expect(await text("grad-norm")).toBe("–");
    await press("toggle");
    await inState("running");
    await expect.poll(step, POLL).toBeGreaterThan(10);
    await press("spoil");
    await expect.poll(() => text("skipped"), POLL).toBe("1");
    expect(await page.locator("#skipped-detail").textContent()).toMatch(/^of [\d,]+$/);
    const norm = Number(await text("grad-norm"));
    expect(norm).toBeGreaterThan(0.05);
    // Norm and factor are of one step: above the limit of 0.5 their product is 0.5.
    const product = await page.evaluate(() => {
      const read = (id: string) => Number(document.getElementById(id)!.textContent);
      return Math.min(1, read("clip-factor")) * read("grad-norm");
    });
    expect(product).toBeLessThan(0.51);
    expect(await text("step-sizes")).toMatch(/^lr \/ \(√v \+ eps\) of 101,770 weights, median [\d.e+-]+$/);
    expect(await page.locator(".histogram-bars > div").count()).toBeGreaterThan(20);
    expect(await page.locator(".step-panel tbody tr").count()).toBe(4);
    await press("toggle");
    await inState("paused");
    expect(Number(await text("loss"))).toBeGreaterThan(0);
    await press("reset");
    await inState("idle");
    expect(await text("skipped")).toBe("–");
    expect(await page.locator(".step-panel tbody tr").count()).toBe(0);
    expect(demo.complaints).toEqual([]);
  });

  it("is lost to a spoilt batch without skipping, and says why; and trains unwatched", async () => {
    await open(`${LONG}&watch=off`);
    await inState("idle");
    await press("toggle");
    await inState("running");
    expect(await page.getByText("Watching is off for this run.").isVisible()).toBe(true);
    await expect.poll(step, POLL).toBeGreaterThan(10);
    await press("spoil");
    await page.getByText("The spoilt batch goes into the weights: the network is lost.").waitFor();
    // It reads no better than guessing from then on.
    await expect.poll(async () => parseFloat(await text("accuracy")), POLL).toBeLessThan(20);
    expect(demo.complaints).toEqual([]);
  });

  it("trains the convolutional network with the rule and batch size that were picked", async () => {
    await open("/digits.html?limit=640&epochs=1&seed=5");
    await inState("idle");
    await page.getByLabel("Convolutional").check({ force: true });
    await page.getByLabel("AdamW").check({ force: true });
    await page.getByLabel("Batch size").selectOption("64");
    await press("toggle");
    await inState("finished");
    // 10 steps read the test set better than guessing does.
    expect(parseFloat(await text("accuracy"))).toBeGreaterThan(20);
    expect(demo.complaints).toEqual([]);
  });

  it("applies a learning rate at the next step, and model, rule and batch size after a reset", async () => {
    await open(LONG);
    await inState("idle");
    await press("toggle");
    await inState("running");
    await page.getByLabel("Adam", { exact: true }).check({ force: true });
    expect(await text("controls-hint")).toContain("after a reset");
    await page.getByLabel("AdaBelief").check({ force: true });
    expect(await text("controls-hint")).not.toContain("after a reset");

    // At a learning rate of next to nothing the weights stand still, and so does what is read.
    await page.getByLabel("Learning rate", { exact: true }).fill("1e-30");
    await page.keyboard.press("Enter");
    // The first test reading that belongs to the new rate comes within 25 steps and a chunk.
    const changedAt = await step();
    await expect.poll(step, POLL).toBeGreaterThan(changedAt + 40);
    const readings = new Set<string>();
    const readUntil = async () => {
      readings.add(await text("accuracy"));
      return step();
    };
    await expect.poll(readUntil, POLL).toBeGreaterThan(changedAt + 140);
    expect([...readings]).toHaveLength(1);
    expect(demo.complaints).toEqual([]);
  });
});

describe("bad input", () => {
  it("says what a learning rate must be, and does not start", async () => {
    await open(SHORT);
    await inState("idle");
    const field = page.getByLabel("Learning rate", { exact: true });
    for (const value of ["abc", "-0.1", "NaN", "0", ""]) {
      await field.fill(value);
      await press("toggle");
      expect(await text("lr-hint")).toBe(
        `Learning rate must be a number above 0 and at most 1, got "${value}"`,
      );
      expect(await field.getAttribute("aria-invalid")).toBe("true");
      expect(await page.getAttribute("body", "data-state")).toBe("idle");
    }
    await field.fill("0.01");
    await press("toggle");
    expect(await text("lr-hint")).not.toContain("must be");
    await inState("finished");
  });

  it("keeps a run going, with the rate before, when the new one is bad", async () => {
    await open(LONG);
    await inState("idle");
    await press("toggle");
    await inState("running");
    await page.getByLabel("Learning rate", { exact: true }).fill("-1");
    await page.keyboard.press("Enter");
    expect(await text("lr-hint")).toContain("must be a number");
    const from = await step();
    await expect.poll(step, POLL).toBeGreaterThan(from + 5);
    await page.getByRole("button", { name: "Double the learning rate" }).click();
    expect(await text("lr-hint")).not.toContain("must be");
    expect(demo.complaints).toEqual([]);
  });

  it("names a bad value in the address and uses the default", async () => {
    await open("/digits.html?rule=sgdd&batch=64");
    await inState("idle");
    expect(await text("notice")).toContain('Update rule must be one of adabelief, adam, adamw, got "sgdd"');
    expect(await page.getByLabel("AdaBelief").isChecked()).toBe(true);
    expect(await page.getByLabel("Batch size").inputValue()).toBe("64");
  });
});

describe("without a GPU", () => {
  it("says that the browser has no WebGPU, and what to use", async () => {
    await open("/digits.html", {
      before: () => Object.defineProperty(Navigator.prototype, "gpu", { value: undefined }),
    });
    await inState("failed");
    expect(await text("notice")).toContain("This browser has no WebGPU. Use a current Chrome");
    expect(await page.getByTestId("toggle").getAttribute("aria-disabled")).toBe("true");
    expect(demo.complaints).toEqual([]);
  });

  it("says that there is no adapter", async () => {
    await open("/digits.html", {
      before: () => {
        GPU.prototype.requestAdapter = () => Promise.resolve(null);
      },
    });
    await inState("failed");
    expect(await text("notice")).toContain("found no graphics adapter");
    expect(demo.complaints).toEqual([]);
  });

  it("says that the GPU was lost in mid-run, and offers to reload", async () => {
    await open(LONG, {
      before: () => {
        const requestAdapter = navigator.gpu.requestAdapter.bind(navigator.gpu);
        navigator.gpu.requestAdapter = async (options) => {
          const adapter = await requestAdapter(options);
          if (!adapter) return null;
          const requestDevice = adapter.requestDevice.bind(adapter);
          adapter.requestDevice = async (descriptor) => {
            const device = await requestDevice(descriptor);
            Object.assign(globalThis, { deviceOfTest: device });
            return device;
          };
          return adapter;
        };
      },
    });
    await inState("idle");
    await press("toggle");
    await inState("running");
    await expect.poll(step, POLL).toBeGreaterThan(0);
    await page.evaluate("deviceOfTest.destroy()");
    await inState("failed");
    expect(await text("notice")).toContain("The connection to the GPU was lost");
    await page.getByRole("button", { name: "Reload the page" }).click();
    await inState("idle");
  });
});

describe("access", () => {
  it("can be used by keyboard alone", async () => {
    await open(LONG);
    await inState("idle");
    const focused = () =>
      page.evaluate(() => {
        const element = document.activeElement as HTMLInputElement;
        return element.id === "" ? element.value : element.id;
      });
    const visited: string[] = [];
    const links = ["to-home", ...PAGES.map(({ name }) => `to-${name}`)];
    const form = [
      "mlp",
      "adabelief",
      "lr",
      "lr-halve",
      "lr-double",
      "batch",
      "clip",
      "skip",
      "watch",
      "toggle",
    ];
    while (visited.length < links.length + form.length) {
      await page.keyboard.press("Tab");
      visited.push(await focused());
    }
    expect(visited).toEqual([...links, ...form]);
    await page.keyboard.press("Enter");
    await inState("running");
    expect(await focused()).toBe("toggle");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await inState("idle");
    await page.keyboard.press("Shift+Tab");
    for (let presses = 0; presses < 8; presses++) await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("ArrowRight");
    expect(await page.getByLabel("Adam", { exact: true }).isChecked()).toBe(true);
  });

  it.each([
    ["phone", 390],
    ["desktop", 1280],
  ])("fits the width of a %s, and moves nothing while it trains", async (_, width) => {
    await open("/digits.html?limit=1280&epochs=1", { viewport: { width, height: 844 } });
    await inState("idle");
    const sections = () =>
      page.evaluate(() => [...document.querySelectorAll(".panel")].map((e) => e.getBoundingClientRect().top));
    const before = await sections();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await press("toggle");
    await inState("finished");
    expect(await sections()).toEqual(before);
  });
});
