// The subjects of the benchmark do the work that they are measured by: every Adam takes Adam's steps, and the streaming
// kernels move every word.
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adam } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import type { Entrant } from "../../bench/rows";
import { ends, normalsOf } from "../../bench/tensors";
import { Demo } from "./demo";
import type { Steps, Task } from "./bench-subjects.page";

const CODE = fileURLToPath(new URL("./bench-subjects.page.ts", import.meta.url));

const LENGTH = 1024;
const STEPS = 3;
// Parameters are below 4, so that each step rounds them by 1.2e-7 at most, and move by 3e-3 in three steps; the power in
// the shader by hand may be 7e-4 wrong. Measured in software: 1.4e-7.
const BOUND = 3e-6;

const entrant = (given: Partial<Entrant>): Entrant => ({
  subject: "webgpu-optim",
  rule: "adam",
  parameters: LENGTH,
  tensors: 1,
  layout: "separate",
  ...given,
});

const adams: Entrant[] = [
  entrant({}),
  entrant({ tensors: 3, parameters: 3 * LENGTH }),
  entrant({ tensors: 3, parameters: 3 * LENGTH, layout: "arena" }),
  entrant({ subject: "naive" }),
  entrant({ subject: "naive", tensors: 3, parameters: 3 * LENGTH }),
  entrant({ subject: "tfjs" }),
  entrant({ subject: "tfjs", tensors: 3, parameters: 3 * LENGTH }),
  entrant({ subject: "jax-js" }),
  entrant({ subject: "jax-js", tensors: 3, parameters: 3 * LENGTH }),
];
const mirror = entrant({ subject: "streaming" });
/** Not a multiple of a workgroup's run, so that the last one is cut short. */
const byHand = ["sgd", "lion", "adam"] as const;
const BY_HAND_LENGTH = 5000;

const values = normalsOf(BY_HAND_LENGTH);

/** Adam in float64 from the values that the subjects start with, which are the gradients too. */
function expectedAdam(): number[] {
  const param = Float64Array.from(ends(normalsOf(LENGTH)));
  const optimizer = new ReferenceOptimizer([{ param, grad: Float64Array.from(param) }], adam());
  for (let step = 0; step < STEPS; step++) optimizer.step();
  return [...param];
}

/** What a kernel by hand leaves: in each step the first slot is subtracted, slots move up, and the gradient follows. */
function expectedStream(slotCount: number, form: string): number[] {
  const results = Float32Array.from({ length: BY_HAND_LENGTH }, (_, index) => {
    const gradient = values[index]!;
    const vector = Math.floor(index / 4);
    const slots = Array.from({ length: slotCount }, (_, slot) =>
      form === "apart" ? gradient : normalAt(4 * (vector * slotCount + slot) + (index % 4)),
    );
    let param = gradient;
    for (let step = 0; step < STEPS; step++) {
      slots.push(gradient);
      param = Math.fround(param - slots.shift()!);
    }
    return param;
  });
  return [...ends(results)];
}

const noise = normalsOf(2 ** 16);
const normalAt = (index: number) => noise[index % noise.length]!;

let demo: Demo;
let results: Steps[];

beforeAll(async () => {
  demo = await Demo.start();
  const shapesOf = byHand.map((rule) => entrant({ subject: "streaming", rule, parameters: BY_HAND_LENGTH }));
  const task: Task = { entrants: [...adams, mirror], shapesOf, stepCount: STEPS };
  results = await demo.runModule<Steps[]>(CODE, task);
}, 120_000);
afterAll(() => demo.stop());

describe("Adam of every subject", () => {
  it.each(
    adams.map((given, index) => [`${given.subject}, ${given.tensors} ${given.layout}`, index] as const),
  )(`%s: ${STEPS} steps are the reference's`, (name, index) => {
    const { name: ran, before, after } = results[index]!;
    expect(ran).toBe(name);
    expect(before).toEqual([...ends(normalsOf(LENGTH))]);
    const expected = expectedAdam();
    const errors = after.map((value, element) => Math.abs(value - expected[element]!));
    expect(Math.max(...errors)).toBeLessThan(BOUND);
    const moves = after.map((value, element) => Math.abs(value - before[element]!));
    expect(Math.min(...moves)).toBeGreaterThan(100 * BOUND);
  });
});

describe("streaming kernels", () => {
  it("as the package: each slot takes the next one's value, and the first is subtracted", () => {
    const { before, after } = results[adams.length]!;
    // From zero states: nothing, nothing, then the gradient of the first step, which is the parameter.
    expect(before).toEqual([...ends(normalsOf(LENGTH))]);
    expect(after).toEqual(before.map(() => 0));
  });

  it("by hand: every shape moves every word", () => {
    const shapes = results.slice(adams.length + 1);
    expect(shapes.length).toBeGreaterThan(30);
    for (const { name, after } of shapes) {
      const [rule, form] = name.split(", ");
      const slotCount = byHand.indexOf(rule as (typeof byHand)[number]);
      expect(after, name).toEqual(expectedStream(slotCount, form!));
    }
  });
});

it("leaves the console empty", () => {
  expect(demo.complaints).toEqual([]);
});
