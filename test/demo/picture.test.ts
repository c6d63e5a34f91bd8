// The page "Fit a picture" end to end, in a real browser on WebGPU: what a visitor does, what the page shows, what can go
// wrong.
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SOFTWARE_CANVAS } from "../../scripts/browser.mjs";
import { exposeDevice, keepCopies } from "./conformance-hooks";
import { Demo, type OpenOptions } from "./demo";
import { plainPng } from "./plain-png";

const PATH = "/picture.html";
/** 100 steps of 150 Gaussians: seconds, in software. */
const SHORT = `${PATH}?size=64&gaussians=150&steps=100&seed=5`;
/** Long enough to be stopped on the way. */
const LONG = `${PATH}?size=64&gaussians=100&steps=50000&seed=5`;

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
const psnrs = async () => [parseFloat(await text("left-psnr")), parseFloat(await text("right-psnr"))];
const step = async () =>
  Number(/step ([\d,]+) of/.exec(await text("progress-detail"))?.[1]?.replaceAll(",", "") ?? NaN);

async function open(path: string, options?: OpenOptions): Promise<void> {
  page = await demo.open(path, options);
  await inState("idle");
  if (!(await page.getByLabel("Seed").isVisible()))
    await page.getByText("More settings", { exact: true }).click();
}

async function startFrom(path: string, options?: OpenOptions): Promise<void> {
  await open(path, options);
  await press("toggle");
  await expect.poll(step, POLL).toBeGreaterThan(0);
}

/** Mean colour of a canvas as it is on the screen, 0 to 255. */
async function meanColor(id: string): Promise<number[]> {
  const png = await page.locator(id).screenshot();
  return page.evaluate(async (base64) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext("2d")!;
    context.imageSmoothingQuality = "high";
    // The middle, away from rounded corners.
    const { width, height } = image;
    context.drawImage(image, width / 4, height / 4, width / 2, height / 2, 0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  }, png.toString("base64"));
}

const isNear = (color: number[], other: number[], within: number) =>
  color.every((part, channel) => Math.abs(part - other[channel]!) <= within);

describe("a fit", () => {
  it("comes near the picture by both rules, shows it, and repeats itself with the same seed", async () => {
    await open(SHORT);
    expect(await text("adapter")).not.toBe("…");
    expect([await text("left-name"), await text("right-name")]).toEqual(["Adam", "AdaBelief"]);
    // Grey blobs.
    const [before] = await psnrs();
    expect(before).toBeGreaterThan(10);
    expect(before).toBeLessThan(14);
    await press("toggle");
    await inState("finished");
    const after = await psnrs();
    // Measured on SwiftShader: 27.5 and 27.7 dB.
    expect(Math.min(...after)).toBeGreaterThan(25);
    expect(after[0]).not.toBe(after[1]);
    expect(await text("lead")).toMatch(/ahead by \d\.\d\d dB|equally near/);
    expect(await page.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("100");
    const goal = await meanColor("#goal-canvas");
    for (const side of ["#left-canvas", "#right-canvas"]) {
      expect(isNear(await meanColor(side), goal, 12), `${side} is not near the goal`).toBe(true);
    }
    await press("toggle");
    await inState("running");
    await inState("finished");
    expect(await psnrs()).toEqual(after);
    expect(demo.complaints).toEqual([]);
  });

  it("is the same on both sides when the rules are, and another with another seed", async () => {
    await open(`${SHORT}&steps=20&left=lion&right=lion`.replace("steps=100&", ""));
    await press("toggle");
    await inState("finished");
    const [left, right] = await psnrs();
    expect(left).toBe(right);
    await page.getByLabel("Seed").fill("6");
    await page.keyboard.press("Enter");
    await inState("idle");
    await press("toggle");
    await inState("finished");
    expect((await psnrs())[0]).not.toBe(left);
    expect(demo.complaints).toEqual([]);
  });

  it("gets nearer by every rule", async () => {
    const pairs = [
      ["adamw", "nadam"],
      ["radam", "adamax"],
      ["sgd", "rmsprop"],
      ["adagrad", "lion"],
    ];
    for (const [left, right] of pairs) {
      await open(`${PATH}?size=64&gaussians=100&steps=25&left=${left}&right=${right}`);
      await inState("idle");
      const before = await psnrs();
      await press("toggle");
      await inState("finished");
      const after = await psnrs();
      expect(after[0]! - before[0]!, left).toBeGreaterThan(1);
      expect(after[1]! - before[1]!, right).toBeGreaterThan(1);
      await page.close();
    }
    expect(demo.complaints).toEqual([]);
  });

  it("shows the Gaussians and the error", async () => {
    await open(SHORT);
    await press("toggle");
    await inState("finished");
    await page.getByLabel("Error").check({ force: true });
    await expect.poll(async () => Math.max(...(await meanColor("#left-canvas"))), POLL).toBeLessThan(80);
    await page.getByLabel("Gaussians").and(page.getByRole("radio")).check({ force: true });
    await expect.poll(async () => Math.max(...(await meanColor("#left-canvas"))), POLL).toBeGreaterThan(80);
    expect(demo.complaints).toEqual([]);
  });
});

describe("controls", () => {
  it("pause, resume and reset", async () => {
    await startFrom(LONG);
    await press("toggle");
    await inState("paused");
    const pausedAt = await step();
    await page.waitForTimeout(300);
    expect(await step()).toBe(pausedAt);
    await press("toggle");
    await expect.poll(step, POLL).toBeGreaterThan(pausedAt);
    await press("reset");
    await inState("idle");
    expect(await step()).toBe(0);
    expect((await psnrs())[0]).toBeLessThan(14);
    expect(demo.complaints).toEqual([]);
  });

  it("begin anew with another rule, and go on running", async () => {
    await startFrom(LONG);
    await expect.poll(step, POLL).toBeGreaterThan(15);
    await page.getByLabel("Left rule", { exact: true }).selectOption("rmsprop");
    await expect.poll(() => text("left-name"), POLL).toBe("RMSprop");
    await expect.poll(step, POLL).toBeLessThan(15);
    await expect.poll(step, POLL).toBeGreaterThan(0);
    expect(await page.getAttribute("body", "data-state")).toBe("running");
    expect(demo.complaints).toEqual([]);
  });

  it("are reproduced by the link", async () => {
    await open(PATH, { before: keepCopies });
    await page.getByLabel("Right rule", { exact: true }).selectOption("sgd");
    await page.getByLabel("64").check({ force: true });
    await page.getByLabel("Gaussians").and(page.getByRole("textbox")).fill("77");
    await page.getByLabel("Colour lr ×").fill("0.5");
    await page.getByLabel("Seed").fill("9");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByText("Copied: the link").waitFor();
    const link = new URL((await page.getAttribute("body", "data-copied"))!);
    await page.close();
    await open(link.pathname + link.search);
    expect(link.search).toBe("?right=sgd&gaussians=77&size=64&color=0.5&seed=9");
    expect(await text("right-name")).toBe("SGD");
    expect(await page.getByLabel("64").isChecked()).toBe(true);
    expect(await page.getByLabel("Colour lr ×").inputValue()).toBe("0.5");
  });

  it("apply learning rates at the next step: nearly none stop the fit", async () => {
    await startFrom(LONG);
    for (const name of ["Position", "Scale", "Rotation", "Colour", "Opacity"]) {
      await page.getByLabel(`${name} lr ×`).fill("1e-30");
      await page.keyboard.press("Enter");
    }
    // Steps under way when the last was entered are done.
    const changedAt = await step();
    await expect.poll(step, POLL).toBeGreaterThan(changedAt + 20);
    const still = await psnrs();
    await expect.poll(step, POLL).toBeGreaterThan(changedAt + 60);
    expect(await psnrs()).toEqual(still);
    expect(demo.complaints).toEqual([]);
  });
});

describe("a visitor's picture", () => {
  const green = { name: "green.png", mimeType: "image/png", buffer: plainPng(40, 30, [20, 160, 60]) };

  it("takes the place of the kingfisher, which comes back", async () => {
    await open(SHORT.replace("steps=100", "steps=40"));
    await page.getByTestId("file").setInputFiles(green);
    await expect.poll(() => text("goal-name"), POLL).toBe("green.png");
    await expect.poll(async () => isNear(await meanColor("#goal-canvas"), [20, 160, 60], 4), POLL).toBe(true);
    await inState("idle");
    await press("toggle");
    await inState("finished");
    expect(Math.min(...(await psnrs()))).toBeGreaterThan(25);
    await press("bundled");
    await expect.poll(() => text("goal-name"), POLL).toBe("Kingfisher");
    await expect.poll(step, POLL).toBe(0);
    expect(demo.complaints).toEqual([]);
  });

  it("can be dropped on the page", async () => {
    await open(SHORT);
    const bytes = [...green.buffer];
    await page.evaluate((values) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(values)], "dropped.png", { type: "image/png" }));
      for (const type of ["dragover", "drop"]) {
        document.body.dispatchEvent(
          new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }),
        );
      }
    }, bytes);
    await expect.poll(() => text("goal-name"), POLL).toBe("dropped.png");
    expect(demo.complaints).toEqual([]);
  });

  type Files = Parameters<ReturnType<Page["locator"]>["setInputFiles"]>[0];

  async function isRefused(file: Files, message: RegExp): Promise<void> {
    await startFrom(LONG);
    await page.getByTestId("file").setInputFiles(file);
    await expect.poll(() => text("picture-hint"), POLL).toMatch(message);
    expect(await text("picture-hint")).toContain("The picture stays as it is.");
    expect(await text("goal-name")).toBe("Kingfisher");
    const from = await step();
    await expect.poll(step, POLL).toBeGreaterThan(from + 2);
    expect(demo.complaints).toEqual([]);
  }

  it.each([
    ["a text", "notes.txt", Buffer.from("no picture"), /^"notes.txt" is no picture that this browser can/],
    [
      "a cut-off picture",
      "half.png",
      plainPng(64, 64, [9, 9, 9]).subarray(0, 40),
      /"half.png" is no picture/,
    ],
    ["an empty file", "empty.png", Buffer.alloc(0), /"empty.png" is no picture/],
    ["a huge picture", "huge.png", plainPng(9000, 6000, [1, 2, 3]), /"huge.png" has 9000 × 6000 pixels;/],
  ])("is refused with a message when it is %s, and the run goes on", async (_, name, buffer, message) => {
    await isRefused({ name, mimeType: "application/octet-stream", buffer }, message);
  });

  it("is refused with a message when it is a huge file, and the run goes on", async () => {
    const folder = await mkdtemp(join(tmpdir(), "picture-"));
    try {
      const path = join(folder, "huge.jpg");
      await writeFile(path, "");
      await truncate(path, 51e6);
      await isRefused(path, /"huge.jpg" has 51 MB; files up to 50 MB/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("bad input", () => {
  it("says what a learning rate must be, and keeps the run going with the one before", async () => {
    await startFrom(LONG);
    const field = page.getByLabel("Position lr ×");
    for (const value of ["NaN", "-1", "0", "1e9", ""]) {
      await field.fill(value);
      await page.keyboard.press("Enter");
      expect(await text("controls-hint")).toBe(
        `Position lr × must be a number above 0 and at most 100, got "${value}". It stays at 1.`,
      );
      expect(await field.getAttribute("aria-invalid")).toBe("true");
    }
    const from = await step();
    await expect.poll(step, POLL).toBeGreaterThan(from + 2);
    await field.fill("2");
    await page.keyboard.press("Enter");
    expect(await text("controls-hint")).not.toContain("must be");
    expect(demo.complaints).toEqual([]);
  });

  it("names what is wrong in the address and uses the defaults", async () => {
    await open(`${PATH}?left=adamm&gaussians=1e9&size=64&position=NaN`);
    const notice = await text("notice");
    expect(notice).toContain('Gaussians must be a whole number from 1 to 8192, got "1e9"');
    expect(notice).toContain("Left rule must be one of adabelief, adam,");
    expect(notice).toContain('Position lr × must be a number above 0 and at most 100, got "NaN"');
    expect(await text("left-name")).toBe("Adam");
  });

  it("survives a fit that got lost by learning rates far too high", async () => {
    await open(`${PATH}?size=64&gaussians=50&steps=400&left=sgd&color=100`);
    await press("toggle");
    await expect.poll(() => text("lead"), POLL).toContain("SGD got lost: the learning rates are too high");
    expect(await text("left-psnr")).toBe("not a number");
    // It stays lost, and the other side goes on.
    const from = await step();
    await expect.poll(step, POLL).toBeGreaterThan(from + 20);
    expect(await text("lead")).toContain("SGD got lost");
    await press("reset");
    await inState("idle");
    expect((await psnrs())[0]).toBeLessThan(14);
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
    expect(await page.getByTestId("toggle").getAttribute("aria-disabled")).toBe("true");
    await page.getByLabel("Left rule", { exact: true }).selectOption("lion");
    expect(demo.complaints).toEqual([]);
  });

  it("says that the GPU was lost in mid-run, and offers to reload", async () => {
    await startFrom(LONG, { before: exposeDevice });
    await page.evaluate("deviceOfTest.destroy()");
    await inState("failed");
    expect(await text("notice")).toContain("The connection to the GPU was lost");
    await page.getByLabel("Left rule", { exact: true }).selectOption("lion");
    expect(await page.getAttribute("body", "data-state")).toBe("failed");
    await page.getByRole("button", { name: "Reload the page" }).click();
    await inState("idle");
  });
});

it.each([390, 1280])("fits a width of %d, and moves nothing while it runs", async (width) => {
  await open(SHORT.replace("steps=100", "steps=20"), { viewport: { width, height: 844 } });
  const panels = () =>
    page.evaluate(() =>
      [...document.querySelectorAll(".panel, #picture-hint, #left-canvas")].map(
        (e) => e.getBoundingClientRect().top,
      ),
    );
  const before = await panels();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
  await press("toggle");
  await inState("finished");
  expect(await panels()).toEqual(before);
  await page.getByTestId("file").setInputFiles({
    name: "a text that has a rather long name.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("no picture"),
  });
  await expect.poll(() => text("picture-hint"), POLL).toContain("is no picture");
  expect(await panels()).toEqual(before);
});

it("draws straight to the canvases where there is a graphics card", async () => {
  const other = await Demo.start(SOFTWARE_CANVAS);
  page = await other.open(SHORT.replace("steps=100", "steps=20"), {
    before: () => {
      // The page cannot tell this adapter from hardware.
      Object.defineProperty(GPUAdapterInfo.prototype, "architecture", { value: "test" });
      Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { value: false });
    },
  });
  await inState("idle");
  const goal = await meanColor("#goal-canvas");
  const distance = async () =>
    Math.max(...(await meanColor("#left-canvas")).map((c, i) => Math.abs(c - goal[i]!)));
  const before = await distance();
  await press("toggle");
  await inState("finished");
  expect(await distance()).toBeLessThan(before / 2);
  const is2d = (canvas: HTMLCanvasElement) => canvas.getContext("2d") !== null;
  expect(await page.locator("#left-canvas").evaluate(is2d)).toBe(false);
  expect(other.complaints).toEqual([]);
  await other.stop();
});
