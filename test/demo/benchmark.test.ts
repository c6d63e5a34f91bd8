// The page "Benchmark" end to end, on small tensors: what a visitor does, what is shown and saved, what can go wrong.
import { readFile } from "node:fs/promises";
import type { Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Report, Row } from "../../bench/rows";
import { exposeDevice } from "./conformance-hooks";
import { Demo, type OpenOptions } from "./demo";

/** A few seconds in software. */
const SMALL = "?sizes=4096&rules=adam";
const ALONE = "?sizes=4096&rules=adam&libraries=0";
/** To be stopped on the way. */
const LONG = "?sizes=65536,131072,262144,524288&libraries=0";

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

const inState = (state: string) => page.locator(`body[data-state="${state}"]`).waitFor({ timeout: 90_000 });
const text = async (id: string) => (await page.getByTestId(id).textContent())!.trim();
const press = (id: string) => page.getByTestId(id).click();
const isDisabled = async (id: string) =>
  (await page.getByTestId(id).getAttribute("aria-disabled")) === "true";
const shownRows = () => page.locator("#rows tr");

/** Where the panels are. */
const panels = () =>
  page.evaluate(() =>
    [...document.querySelectorAll(".panel")].map((e) => e.getBoundingClientRect().top + scrollY),
  );
const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

async function open(query: string, options?: OpenOptions): Promise<void> {
  page = await demo.open(`/benchmark.html${query}`, options);
  await inState("idle");
}

async function downloaded(): Promise<{ name: string; report: Report }> {
  const [download] = await Promise.all([page.waitForEvent("download"), press("download")]);
  const contents = await readFile(await download.path(), "utf8");
  return { name: download.suggestedFilename(), report: JSON.parse(contents) as Report };
}

describe("a run", () => {
  it("shows every subject beside the limit, and is downloaded as JSON", async () => {
    await open(SMALL);
    const before = await panels();
    expect(await isDisabled("download")).toBe(true);
    expect(await page.locator("#limit-bars li").allInnerTexts()).toEqual([
      expect.stringMatching(/^Adam, 4,096\s+parameters in one tensor\s+–$/),
    ]);
    await press("toggle");
    await inState("finished");
    expect(await text("status")).toBe("Done");
    expect(await panels()).toEqual(before);
    expect(await overflow()).toBe(0);
    expect(await page.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("100");

    const { name, report } = await downloaded();
    expect(name).toMatch(/^webgpu-optim-benchmark-\d{4}-\d\d-\d\d-[a-z0-9-]+\.json$/);
    expect(report).toMatchObject({
      format: "webgpu-optim/benchmark",
      notes: [],
      adapterName: await text("adapter"),
    });
    expect(report.runtime).toMatch(/^Chrome \d+ \(/);
    const subjects = [...new Set(report.rows.map(({ subject }) => subject))];
    expect(subjects).toEqual(["webgpu-optim", "streaming", "copy", "naive", "tfjs", "jax-js"]);
    for (const { subject, minMs, medianMs, maxMs, parameters } of report.rows) {
      expect([minMs > 0, minMs <= medianMs, medianMs <= maxMs, parameters], subject).toEqual([
        true,
        true,
        true,
        4096,
      ]);
    }
    expect(await shownRows().count()).toBe(report.rows.length);

    const find = (subject: string, timing: string) =>
      report.rows.find((row) => row.subject === subject && row.timing === timing)!;
    const share = (a: Row, b: Row) => `${((100 * a.medianMs) / b.medianMs).toFixed(0)} %`;
    const limit = share(find("streaming", "timestamp-query"), find("webgpu-optim", "timestamp-query"));
    expect(await text("limit")).toBe(limit);
    expect(await page.locator("#limit-bars li").innerText()).toContain(limit);
    const times = find("tfjs", "submission").medianMs / find("webgpu-optim", "submission").medianMs;
    expect(parseFloat(await text("tfjs"))).toBeCloseTo(times, 0);
    const bars = await page.locator("#times li").allInnerTexts();
    expect(bars.map((bar) => bar.split(/\s+\d/)[0])).toEqual([
      "webgpu-optim",
      "Adam by hand",
      "TensorFlow.js",
      "jax-js",
    ]);
    expect(demo.complaints).toEqual([]);
  });

  it("does without the libraries, and loads neither", async () => {
    await open("?sizes=4096&rules=adam");
    const urls: string[] = [];
    page.on("request", (request) => urls.push(request.url()));
    await page.getByLabel("With TensorFlow.js and jax-js").uncheck();
    expect(new URL(page.url()).searchParams.get("libraries")).toBe("0");
    await press("toggle");
    await inState("finished");
    const { report } = await downloaded();
    expect(report.rows.map(({ subject }) => subject)).not.toContain("tfjs");
    expect(report.rows.map(({ subject }) => subject)).toContain("naive");
    expect(urls.filter((url) => /tensorflow|jax/.test(url))).toEqual([]);
    expect(demo.complaints).toEqual([]);
  });

  it("is cancelled, keeps what it has, and starts again", async () => {
    await open(LONG);
    await press("toggle");
    await expect.poll(() => shownRows().count(), { timeout: 60_000 }).toBeGreaterThan(1);
    expect(await isDisabled("reset")).toBe(true);
    await press("toggle");
    await inState("stopped");
    expect(await text("status")).toBe("Stopped");
    const count = await shownRows().count();
    expect(count).toBeGreaterThan(1);
    expect((await downloaded()).report.rows).toHaveLength(count);
    await press("reset");
    await inState("idle");
    expect(await shownRows().count()).toBe(0);
    expect(await isDisabled("download")).toBe(true);
    await press("toggle");
    await inState("running");
    expect(demo.complaints).toEqual([]);
  });

  it("plans what the settings ask for", async () => {
    await open("");
    const quick = await page.locator("#limit-bars li").count();
    await page.getByRole("radio", { name: "Full" }).check();
    expect(await page.locator("#limit-bars li").count()).toBeGreaterThan(quick + 20);
  });
});

describe("without", () => {
  it("WebGPU, it says so", async () => {
    page = await demo.open("/benchmark.html", {
      before: () => Object.defineProperty(Navigator.prototype, "gpu", { value: undefined }),
    });
    await inState("failed");
    expect(await text("notice")).toContain("This browser has no WebGPU. Use a current Chrome");
    expect(await isDisabled("toggle")).toBe(true);
    expect(demo.complaints).toEqual([]);
  });

  it("the device, lost in mid-run, it keeps what it has and offers to reload", async () => {
    await open(LONG, { before: exposeDevice });
    await press("toggle");
    await expect.poll(() => shownRows().count(), { timeout: 60_000 }).toBeGreaterThan(1);
    await page.evaluate("deviceOfTest.destroy()");
    await inState("failed");
    expect(await text("notice")).toContain("The connection to the GPU was lost");
    expect((await downloaded()).report.rows.length).toBeGreaterThan(1);
    await page.getByRole("button", { name: "Reload the page" }).click();
    await inState("idle");
  });

  it("memory for a subject, it says what is not measured and goes on", async () => {
    await open(ALONE, {
      before: () => {
        // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its device below
        const create = GPUDevice.prototype.createBuffer;
        GPUDevice.prototype.createBuffer = function (descriptor) {
          const size = descriptor.label === "bench/copy/to" ? 2 ** 52 : descriptor.size;
          return create.call(this, { ...descriptor, size });
        };
      },
    });
    await press("toggle");
    await inState("finished");
    expect(await text("notes")).toMatch(/^Not measured: copy, adam, 4,096 parameters in one tensor: .+/);
    const subjects = (await downloaded()).report.rows.map(({ subject }) => subject);
    expect(subjects).toContain("naive");
    expect(subjects).not.toContain("copy");
  });

  it("a size that makes sense, it says so and takes the plan", async () => {
    await open("?sizes=none");
    expect(await text("notice")).toContain(
      'Sizes must be numbers of parameters, separated by commas, got "none". The default is used instead.',
    );
  });
});

it("fits a narrow page, and moves nothing above the table while it runs", async () => {
  await open(ALONE, { viewport: { width: 390, height: 844 } });
  const before = await panels();
  expect(await overflow()).toBe(0);
  await press("toggle");
  await inState("finished");
  expect(await panels()).toEqual(before);
  expect(await overflow()).toBe(0);
});
