// The kernels of "Fit a picture" against float64: the picture, its error, and the gradient of every parameter.
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initialGaussians, perTensor, TENSOR_NAMES } from "../../demo/picture/gaussians";
import { seededRandom } from "../../demo/shared/random";
import { Demo } from "./demo";
import type { Outcome, Problem } from "./picture.page";
import { drawGaussians, gradientOf, meanSquaredError } from "./picture-reference";

const CODE = fileURLToPath(new URL("./picture.page.ts", import.meta.url));

// 3 × 3 tiles of 8 pixels, and more Gaussians than a word has bits.
const SIZE = 24;
const COUNT = 40;

/** Gaussians that overlap, of all sizes and of directions up to `turn` radians either way, and some special ones. */
function problem(turn: number): Problem {
  const initial = initialGaussians(COUNT, 3);
  const random = seededRandom(11);
  const gaussians = perTensor((name) => [...initial[name]]);
  const set = (index: number, x: number, y: number, sx: number, sy: number, angle: number, logit: number) => {
    gaussians.position.splice(2 * index, 2, x, y);
    gaussians.scale.splice(2 * index, 2, Math.log(sx), Math.log(sy));
    gaussians.rotation[index] = turn === 0 ? 0 : angle;
    gaussians.opacity[index] = logit;
  };
  for (let index = 0; index < COUNT; index++) {
    gaussians.rotation[index] = 2 * turn * (random() - 0.5);
    gaussians.opacity[index] = 4 * (random() - 0.5);
    for (let channel = 0; channel < 3; channel++) gaussians.color[3 * index + channel] = random();
  }
  // On the corner of four tiles; long and thin across all of them; two in the same place; over the picture's edge;
  // smaller than a pixel; larger than the picture; nearly transparent; outside.
  set(0, 8 / SIZE, 16 / SIZE, 0.1, 0.05, 0.4, 1);
  set(1, 0.5, 0.5, 0.4, 0.01, 0.8, 2);
  set(2, 0.3, 0.6, 0.08, 0.06, -1, 0.5);
  set(3, 0.3, 0.6, 0.06, 0.08, 2, -0.5);
  set(4, 1, 0.2, 0.1, 0.07, 0.2, 0);
  set(5, 0.52, 0.27, 0.005, 0.004, 0, 3);
  set(6, 0.6, 0.4, 2, 1.5, 1, -1);
  set(7, 0.4, 0.8, 0.1, 0.1, 0, -9);
  set(8, 1.6, -0.5, 0.1, 0.1, 0, 1);
  const single = perTensor((name) => [...Float32Array.from(gaussians[name])]);
  const goal = Array.from({ length: 3 * SIZE * SIZE }, () => Math.fround(random()));
  return { size: SIZE, gaussians: single, goal };
}

/** `color` absolute, `error` relative, `gradient` relative to the largest of its tensor. */
type Bounds = { color: number; error: number; gradient: number };

describe.each<{ directions: string; turn: number; bounds: Bounds }>([
  {
    // float32 sums over up to 576 pixels and 40 Gaussians. Measured on SwiftShader: color 2.1e-7, error 2.5e-7, gradient
    // 3.5e-7, by rotation 2.5e-6.
    directions: "upright",
    turn: 0,
    bounds: { color: 1e-5, error: 1e-6, gradient: 2e-5 },
  },
  {
    // WGSL allows sin and cos an error of 2^-11 = 5e-4, which moves what is far from a Gaussian's centre. Measured on
    // SwiftShader: color 1.5e-4, error 2.6e-5, gradient 3.5e-4.
    directions: "rotated",
    turn: 3,
    bounds: { color: 1e-3, error: 1e-4, gradient: 2e-3 },
  },
])("the kernels of the picture, with $directions Gaussians", ({ turn, bounds }) => {
  const given = problem(turn);
  let demo: Demo;
  let outcome: Outcome;

  beforeAll(async () => {
    demo = await Demo.start();
    outcome = await demo.runModule<Outcome>(CODE, given);
  });

  afterAll(() => demo.stop());

  it("draw every pixel as float64 does", () => {
    const expected = drawGaussians(given.gaussians, SIZE);
    expect(outcome.picture).toHaveLength(expected.length);
    const worst = Math.max(...expected.map((color, index) => Math.abs(color - outcome.picture[index]!)));
    expect(worst).toBeLessThan(bounds.color);
    const error = meanSquaredError(expected, given.goal);
    expect(Math.abs(outcome.error / error - 1)).toBeLessThan(bounds.error);
  });

  it.each(TENSOR_NAMES)("differentiate by %s as finite differences in float64 do", (name) => {
    const expected = gradientOf(given.gaussians, name, given.goal, SIZE);
    const largest = Math.max(...expected.map(Math.abs));
    const errors = expected.map((value, index) => Math.abs(value - outcome.grads[name][index]!) / largest);
    expect(Math.max(...errors), `relative errors: ${errors.join(", ")}`).toBeLessThan(bounds.gradient);
    // Gradients that are lost would be seen: many are larger than the bound by far.
    const visible = expected.filter((value) => Math.abs(value) > 10 * bounds.gradient * largest);
    expect(visible.length).toBeGreaterThanOrEqual(expected.length / 8);
  });

  it("give a Gaussian outside the picture a gradient of exactly 0", () => {
    const outside = TENSOR_NAMES.map((name) =>
      outcome.grads[name].slice(8 * (given.gaussians[name].length / COUNT)),
    );
    expect(outside.map(([first]) => first)).toEqual([0, 0, 0, 0, 0]);
  });

  it("repeat themselves to the bit, and leave the console empty", () => {
    expect(outcome.gradsAgain).toEqual(outcome.grads);
    expect(demo.complaints).toEqual([]);
  });
});
