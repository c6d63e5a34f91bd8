// The parts of the demo that need no browser: options, IDX files, random numbers.
import { afterEach, describe, expect, it, vi } from "vitest";
import { CLASSES, loadSample, PIXELS, SIDE } from "../../demo/digits/data";
import { DEFAULTS, parseOptions, runLength } from "../../demo/digits/options.mjs";
import { MeanSince } from "../../demo/learning/mean-since";
import type { StepsReport } from "../../demo/learning/train-together";
import { permutation, seededRandom } from "../../demo/shared/random";

describe("parseOptions", () => {
  it("has defaults for what is absent", () => {
    expect(parseOptions({})).toEqual({ options: DEFAULTS, problems: [] });
  });

  it("reads what is there", () => {
    const { options, problems } = parseOptions({ rule: "adamw", lr: " 1e-4 ", batch: "64", seed: "0" });
    expect(problems).toEqual([]);
    expect(options).toEqual({ ...DEFAULTS, rule: "adamw", lr: 1e-4, batch: 64, seed: 0 });
  });

  it.each([
    ["lr", "0"],
    ["lr", "1.0001"],
    ["lr", "Infinity"],
    ["lr", ""],
    ["batch", "0"],
    ["batch", "1e2"],
    ["epochs", "101"],
    ["seed", "-1"],
    ["seed", "4294967296"],
    ["rule", "constructor"],
  ])("names option, value and legal values of %s = %j", (name, value) => {
    const { options, problems } = parseOptions({ [name]: value }, (option) => `<${option}>`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      new RegExp(`^<${name}> must be (one of|a (whole )?number).*, got "${value}"$`),
    );
    expect(options).toEqual(DEFAULTS);
  });

  it("leaves out images that fill no batch", () => {
    expect(runLength({ ...DEFAULTS, limit: 1000, batch: 300, epochs: 2 })).toEqual({
      stepsPerEpoch: 3,
      totalSteps: 6,
    });
  });
});

describe("a sample of digits", () => {
  const COUNT = 10;
  const HEADER = { images: [0x803, 100, SIDE, SIDE], labels: [0x801, 100] };
  const PART = 1000;
  /** Bytes of each file that were asked for, and whether the rest was cancelled. */
  let read: Record<string, { bytes: number; isCancelled: boolean }>;

  /** A file of 100 entries, or of `entries` in spite of its header; the values are the places, modulo 10. */
  function fileOf(header: readonly number[], entries = 100): Uint8Array<ArrayBuffer> {
    const file = new Uint8Array(4 * header.length + entries * (header.length > 2 ? PIXELS : 1));
    header.forEach((value, index) => {
      new DataView(file.buffer).setUint32(4 * index, value);
    });
    for (let at = 4 * header.length; at < file.length; at++) file[at] = (at - 4 * header.length) % CLASSES;
    return file;
  }

  /** Answers requests with these files, part by part. */
  function serve(files: Record<"images" | "labels", Uint8Array<ArrayBuffer>>): void {
    read = {};
    vi.stubGlobal("fetch", (url: string) => {
      const name = url.includes("images") ? "images" : "labels";
      const file = files[name];
      const counts = { bytes: 0, isCancelled: false };
      read[name] = counts;
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            const part = file.subarray(counts.bytes, counts.bytes + PART);
            counts.bytes += part.length;
            if (part.length > 0) controller.enqueue(part);
            else controller.close();
          },
          cancel() {
            counts.isCancelled = true;
          },
        },
        { highWaterMark: 0 },
      );
      return Promise.resolve(new Response(body));
    });
  }

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("is the first images and labels, and the rest stays unloaded", async () => {
    const files = { images: fileOf(HEADER.images), labels: fileOf(HEADER.labels) };
    serve(files);
    const { count, images, labels } = await loadSample(COUNT);
    expect(count).toBe(COUNT);
    expect(images).toEqual(files.images.subarray(16, 16 + COUNT * PIXELS));
    expect(labels).toEqual(files.labels.subarray(8, 8 + COUNT));
    expect(read).toEqual({
      images: { bytes: Math.ceil((16 + COUNT * PIXELS) / PART) * PART, isCancelled: true },
      labels: { bytes: files.labels.length, isCancelled: true },
    });
  });

  it("is all of a smaller set", async () => {
    serve({ images: fileOf(HEADER.images), labels: fileOf(HEADER.labels) });
    const { count, images } = await loadSample(200);
    expect(count).toBe(100);
    expect(images.length).toBe(100 * PIXELS);
  });

  it("is refused from what is no such file, or not the whole of one", async () => {
    const images = fileOf(HEADER.images);
    serve({ images: fileOf([0x804, 100, SIDE, SIDE]), labels: fileOf(HEADER.labels) });
    await expect(loadSample(COUNT)).rejects.toThrow(/images.* is not an IDX file of MNIST/);
    serve({ images, labels: Uint8Array.of(0, 0, 8, 1) });
    await expect(loadSample(COUNT)).rejects.toThrow(/labels.* is not an IDX file of MNIST/);
    serve({ images: fileOf(HEADER.images, 9), labels: fileOf(HEADER.labels) });
    await expect(loadSample(COUNT)).rejects.toThrow(/has 7072 bytes; its header asks for 7856/);
    serve({ images, labels: fileOf([0x801, 3], 3) });
    await expect(loadSample(COUNT)).rejects.toThrow("do not match");
  });
});

describe("random numbers", () => {
  it("repeat with the seed, and differ without", () => {
    const draw = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });

  it("order each number once", () => {
    const order = permutation(1000, seededRandom(1));
    expect(new Set(order).size).toBe(1000);
    expect([...order]).not.toEqual([...order].sort((a, b) => a - b));
  });
});

describe("a mean since the last evaluation", () => {
  const report = (stepCount: number, loss: number): StepsReport => ({ stepCount, loss, wallMs: 1 });
  const losses = (runCount: number) => new MeanSince<StepsReport>(runCount, ({ loss }) => loss);

  it("is the same however the steps were reported, and begins anew", () => {
    const once = losses(2);
    once.add([report(4, 2.5), report(4, 1)]);
    const twice = losses(2);
    twice.add([report(1, 1), report(1, 1)]);
    twice.add([report(3, 3), report(3, 1)]);
    expect(twice.take()).toEqual(once.take());
    twice.add([report(2, 7), report(2, 9)]);
    expect(twice.take()).toEqual([7, 9]);
  });

  it("is no number for a run that has diverged, at once and later", () => {
    const some = losses(2);
    some.add([report(2, NaN), report(2, 1)]);
    expect(some.take()).toEqual([NaN, 1]);
    some.add([null, report(2, 3)]);
    expect(some.take()).toEqual([NaN, 3]);
  });
});
