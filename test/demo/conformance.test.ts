// The page "Conformance" end to end, on short runs: what a visitor does, what a failure looks like, what can go wrong.
import { readFile } from "node:fs/promises";
import type { Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ConformanceReport } from "webgpu-optim/conformance";
import { breakSgd, exposeDevice, keepCopies } from "./conformance-hooks";
import { Demo, type OpenOptions } from "./demo";

/** Under each of SGD's nine sets of options, six kinds of gradients: a second of work in software. */
const SHORT = "sgd: one step, ";
const SHORT_COUNT = 54;
/** Some twenty seconds, to be stopped on the way. */
const LONG = "one step, ";

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

const inState = (state: string) => page.locator(`body[data-state="${state}"]`).waitFor({ timeout: 30_000 });
const text = async (id: string) => (await page.getByTestId(id).textContent())!.trim();
const press = (id: string) => page.getByTestId(id).click();
const shownRows = () => page.locator("#rows .case:visible");
const done = async () => Number(/^([\d,]+) of/.exec(await text("progress-detail"))?.[1] ?? 0);
const isDisabled = async (id: string) =>
  (await page.getByTestId(id).getAttribute("aria-disabled")) === "true";

async function open(filter: string, options?: OpenOptions): Promise<void> {
  page = await demo.open(`/conformance.html?filter=${encodeURIComponent(filter)}`, options);
  await inState("idle");
}

async function runToEnd(): Promise<void> {
  await press("run");
  await inState("finished");
}

async function downloaded(): Promise<{ name: string; report: ConformanceReport }> {
  const [download] = await Promise.all([page.waitForEvent("download"), press("download")]);
  const contents = await readFile(await download.path(), "utf8");
  return { name: download.suggestedFilename(), report: JSON.parse(contents) as ConformanceReport };
}

async function copied(): Promise<string> {
  await press("copy");
  await page.getByText("Copied.").waitFor();
  return (await page.getAttribute("body", "data-copied"))!;
}

describe("a run", () => {
  it("passes, and shows every case, its error and the bars", async () => {
    await open(SHORT);
    expect(await page.getByLabel("Only cases whose name contains").inputValue()).toBe(SHORT);
    expect(await text("scope-hint")).toMatch(/^54 of \d+ cases$/);
    expect(await shownRows().count()).toBe(SHORT_COUNT);
    expect(await isDisabled("download")).toBe(true);
    await runToEnd();
    expect(await text("status")).toBe("All 54 cases pass");
    expect(await text("progress-detail")).toMatch(/^54 of 54 · \d+ s$/);
    expect(await page.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("100");
    expect([await text("passed"), await text("failed")]).toEqual(["54", "0"]);
    expect(await page.locator("#rows .case.passed").count()).toBe(SHORT_COUNT);
    const cells = await shownRows().first().getByRole("cell").allTextContents();
    expect(cells.slice(0, 4)).toEqual(["✓ pass", "sgd", "one step", "one step, defaults, normal gradients"]);
    expect(cells[4]).toMatch(/^0\.\d+ of its bound param$/);
    expect(cells[5]).toMatch(/^\d+\.\d %$/);
    const bars = await page.locator("#bars li").allInnerTexts();
    expect(bars.length).toBeGreaterThanOrEqual(10);
    expect(bars.filter((bar) => bar.includes("%"))).toEqual([expect.stringMatching(/^sgd\s+\d+\.\d %$/)]);
    expect(demo.complaints).toEqual([]);
  });

  it("is downloaded as JSON, and summed up in a text", async () => {
    await open(SHORT, { before: keepCopies });
    await runToEnd();
    const { name, report } = await downloaded();
    expect(name).toMatch(/^webgpu-optim-conformance-\d{4}-\d\d-\d\d-[a-z0-9-]+\.json$/);
    expect(report).toMatchObject({
      format: "webgpu-optim/conformance",
      passed: 54,
      failed: 0,
      aborted: false,
    });
    expect(report.cases).toHaveLength(SHORT_COUNT);
    const worst = Math.max(
      ...report.cases.flatMap(({ measurements }) => measurements.map(({ error, bound }) => error / bound)),
    );
    const percent = `${(Math.floor(1000 * worst) / 10).toFixed(1)} %`;
    expect(await text("largest")).toBe(percent);

    const lines = (await copied()).split("\n");
    expect(lines[0]).toBe("webgpu-optim conformance: 54 of 54 cases pass");
    expect(lines).toContain(`GPU: ${await text("adapter")}`);
    expect(lines).toContainEqual(expect.stringMatching(/^Browser: Chrome \d+ \(.*\)$/));
    expect(lines.at(-1)).toBe(`  sgd  ${percent.padStart(7)}`);
  });

  it("is filtered and ordered", async () => {
    await open(SHORT);
    await runToEnd();
    await page.getByLabel("Search").fill("NESTEROV");
    expect(await shownRows().count()).toBe(12);
    expect(await text("count")).toBe("12 of 54 cases");
    await page.getByLabel("Failures only").check();
    expect(await text("count")).toBe("0 of 54 cases");
    await page.getByText("No case matches.").waitFor();
    await page.getByRole("button", { name: "sgd", exact: true }).click();
    expect(await text("count")).toBe("54 cases");
    const used = (await page.locator("#rows .used").allTextContents()).map(parseFloat);
    expect(used).toEqual([...used].sort((a, b) => b - a));
    await page.getByLabel("Kind").selectOption("trajectory");
    expect(await text("count")).toBe("0 of 54 cases");
  });

  it("stops, keeps what it has, and starts again", async () => {
    await open(LONG);
    await press("run");
    await expect.poll(done).toBeGreaterThan(3);
    expect(await text("current")).toMatch(/^adam: one step, /);
    await press("stop");
    await inState("stopped");
    const count = await done();
    expect(await text("status")).toBe(`Stopped. All ${count} cases pass`);
    expect(await page.locator("#rows .case.passed").count()).toBe(count);
    const { report } = await downloaded();
    expect(report.aborted).toBe(true);
    expect(report.cases).toHaveLength(count);
    await page.getByLabel("Only cases whose name contains").fill("sgd: one step, defaults");
    await page.keyboard.press("Enter");
    await inState("finished");
    expect(await text("status")).toBe("All 6 cases pass");
    expect(new URL(page.url()).searchParams.get("filter")).toBe("sgd: one step, defaults");
    expect(demo.complaints).toEqual([]);
  });
});

describe("a failure", () => {
  it("is explained by the values around the worst element, and shared as a link", async () => {
    await open(SHORT, { before: breakSgd });
    await page.evaluate(keepCopies);
    await runToEnd();
    expect(await text("status")).toBe("12 of 54 cases fail");
    expect(await page.locator("#bars li.over").innerText()).toMatch(/^sgd\s+✗ [\d.e]+ %$/);
    await page.getByLabel("Failures only").check();
    expect(await shownRows().count()).toBe(12);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const details = page.locator("#rows .details:visible");
    expect(await details.innerText()).toMatch(
      /^param: off by \S+ at index \d+; \S+ allowed \(.* beyond the bound\)/,
    );
    const rows = await details.locator("tr").allInnerTexts();
    const numbers = rows.map((row) => row.split("\t").slice(1).map(Number));
    const worst = await details.locator("tr").first().locator(".worst").innerText();
    const [indices, actual, expected, difference] = numbers;
    const column = indices!.indexOf(Number(worst));
    expect(actual![column]! - expected![column]!).toBeCloseTo(difference![column]!, 3);
    expect(difference![column]).not.toBe(0);

    const { report } = await downloaded();
    expect(report.failed).toBe(12);
    const failing = report.cases.find(({ passed }) => !passed)!;
    expect(await copied()).toContain(`Failing:\n  ${failing.name}\n`);
    await details.getByRole("link", { name: "Run this case alone" }).click();
    await inState("idle");
    expect(await text("scope-hint")).toMatch(/^1 of \d+ cases$/);
    expect(await shownRows().textContent()).toContain("weightDecay 0.1, normal gradients");
    expect(demo.complaints).toEqual([]);
  });

  it("tells what a case threw, and shows the text that the clipboard refuses", async () => {
    await open("sgd: one step, defaults, normal", {
      before: () => {
        GPUDevice.prototype.createBuffer = () => {
          throw new RangeError("no more buffers");
        };
        Clipboard.prototype.writeText = () => Promise.reject(new Error("refused"));
      },
    });
    await runToEnd();
    await shownRows().getByRole("button").click();
    expect(await page.locator("#rows .details").innerText()).toContain("RangeError: no more buffers");
    await press("copy");
    const shown = page.getByRole("dialog").getByRole("textbox");
    expect(await shown.inputValue()).toContain("0 of 1 cases pass");
    expect(await page.evaluate("getSelection().toString()")).toContain("Failing:");
    await page.keyboard.press("Escape");
    await shown.waitFor({ state: "hidden" });
  });
});

describe("without", () => {
  it("WebGPU, it says so", async () => {
    page = await demo.open("/conformance.html", {
      before: () => Object.defineProperty(Navigator.prototype, "gpu", { value: undefined }),
    });
    await inState("failed");
    expect(await text("notice")).toContain("This browser has no WebGPU. Use a current Chrome");
    expect(await isDisabled("run")).toBe(true);
    expect(demo.complaints).toEqual([]);
  });

  it("the device, lost in mid-run, it keeps what it has and offers to reload", async () => {
    await open(LONG, { before: exposeDevice });
    await press("run");
    await expect.poll(done).toBeGreaterThan(3);
    await page.evaluate("deviceOfTest.destroy()");
    await inState("failed");
    expect(await text("notice")).toContain("The connection to the GPU was lost");
    expect(await page.locator("#rows .case.passed").count()).toBeGreaterThan(3);
    expect((await downloaded()).report.aborted).toBe(true);
    await page.getByRole("button", { name: "Reload the page" }).click();
    await inState("idle");
  });

  it("a case of that name, it does not run", async () => {
    await open("no such case");
    expect(await text("scope-hint")).toMatch(/^None of the \d+ cases has this in its name$/);
    expect(await isDisabled("run")).toBe(true);
    expect(await shownRows().count()).toBe(0);
  });
});

it.each([390, 1280])("fits a width of %d, and moves nothing while it runs", async (width) => {
  await open(SHORT, { viewport: { width, height: 844 }, before: breakSgd });
  const panels = () =>
    page.evaluate(() => [...document.querySelectorAll(".panel")].map((e) => e.getBoundingClientRect().top));
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const before = await panels();
  expect(await overflow()).toBe(0);
  await runToEnd();
  expect(await panels()).toEqual(before);
  await page.getByLabel("Failures only").check();
  await shownRows().first().getByRole("button").click();
  expect(await overflow()).toBe(0);
});
