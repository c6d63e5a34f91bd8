// The networks of the page "Digits", each trained for a few steps in a real browser on WebGPU.
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Demo } from "./demo";
import type { NetworkScores } from "./digits-networks.page";

const MODULE = fileURLToPath(new URL("./digits-networks.page.ts", import.meta.url));
/** A few steps lower the loss of every network by more than this; they start near ln 10 or above. */
const FALL = 0.2;

let demo: Demo;

beforeAll(async () => {
  demo = await Demo.start();
});
afterAll(() => demo.stop());

describe("a network", () => {
  it.each(["mlp", "cnn", "vgg", "resnet", "densenet"])("learns digits in twelve steps: %s", async (model) => {
    const { before, after } = await demo.runModule<NetworkScores>(MODULE, model);
    expect(before.loss - after.loss).toBeGreaterThan(FALL);
    expect(after.accuracy).toBeGreaterThan(before.accuracy);
    expect(demo.complaints).toEqual([]);
  });
});
