// The landscapes: each as WGSL (value and gradient, for the GPU) and as its value in float64 (for charts, the search for
// learning rates, and the test that checks the gradients by finite differences). Must not know rules, runs or drawing.
import bealeWgsl from "./functions/beale.wgsl?raw";
import crossWgsl from "./functions/cross.wgsl?raw";
import diagonalWgsl from "./functions/diagonal.wgsl?raw";
import ravineWgsl from "./functions/ravine.wgsl?raw";
import rosenbrockWgsl from "./functions/rosenbrock.wgsl?raw";
import tiltedWgsl from "./functions/tilted.wgsl?raw";
import unequalWgsl from "./functions/unequal.wgsl?raw";

export type Point = readonly [x: number, y: number];

export type Landscape = {
  label: string;
  /** Declares `valueAt(p: vec2f) -> f32` and `gradientAt(p: vec2f) -> vec2f`. */
  wgsl: string;
  value: (x: number, y: number) => number;
  /** Where the value is least; it is 0 there. */
  minimum: Point;
  start: Point;
  /** The middle of the map, and half its height; it is 4/3 as wide. */
  center: Point;
  halfHeight: number;
  /** A point this near the minimum has arrived. */
  radius: number;
  /** Contour lines are evenly spaced in value^power. */
  contour: { power: number; spacing: number };
  /** Standard deviation of the noise on each component of a gradient. */
  noise: number;
  /** What to look for. */
  story: string;
};

const square = (x: number) => x * x;

const ORIGIN: Point = [0, 0];
const AROUND_ORIGIN = { minimum: ORIGIN, center: ORIGIN, halfHeight: 3, radius: 0.1, noise: 0 };

export const LANDSCAPES = {
  cross: {
    ...AROUND_ORIGIN,
    label: "|x| + |y|",
    wgsl: crossWgsl,
    value: (x, y) => Math.abs(x) + Math.abs(y),
    start: [-3.2, 0.9],
    contour: { power: 0.7, spacing: 0.22 },
    story:
      "The slope is the same everywhere, so a rule that believes in steady gradients may speed up along the long way.",
  },
  diagonal: {
    ...AROUND_ORIGIN,
    label: "|x + y| + |x − y| / 10",
    wgsl: diagonalWgsl,
    value: (x, y) => Math.abs(x + y) + Math.abs(x - y) / 10,
    start: [-2.6, 1.4],
    contour: { power: 0.7, spacing: 0.2 },
    story:
      "A sharp valley at 45°: rules scale x and y, but the gradients turn along neither. The floor leads to the minimum.",
  },
  tilted: {
    ...AROUND_ORIGIN,
    label: "(x + y)² + (x − y)² / 10",
    wgsl: tiltedWgsl,
    value: (x, y) => square(x + y) + square(x - y) / 10,
    start: [-3, 0.6],
    contour: { power: 0.4, spacing: 0.24 },
    story: "The same valley, smooth: every rule finds its floor, and they part on the way along it.",
  },
  unequal: {
    ...AROUND_ORIGIN,
    label: "|x| / 10 + |y|",
    wgsl: unequalWgsl,
    value: (x, y) => Math.abs(x) / 10 + Math.abs(y),
    start: [-3.2, 1.2],
    contour: { power: 0.7, spacing: 0.14 },
    story:
      "Ten times steeper in one direction: SGD crawls along the other, rules that scale each coordinate do not mind.",
  },
  beale: {
    label: "Beale",
    wgsl: bealeWgsl,
    value: (x, y) => square(1.5 - x + x * y) + square(2.25 - x + x * y * y) + square(2.625 - x + x * y ** 3),
    minimum: [3, 0.5],
    start: [0.8, 1.5],
    center: [1, 0],
    halfHeight: 2.6,
    radius: 0.1,
    contour: { power: 0.22, spacing: 0.28 },
    noise: 0,
    story: "Steep walls around a flat floor: gradients shrink a thousandfold on the way.",
  },
  rosenbrock: {
    label: "Rosenbrock",
    wgsl: rosenbrockWgsl,
    value: (x, y) => square(1 - x) + 100 * square(y - x * x),
    minimum: [1, 1],
    start: [-1.4, 2],
    center: [0, 1],
    halfHeight: 1.6,
    radius: 0.1,
    contour: { power: 0.22, spacing: 0.3 },
    noise: 0,
    story: "A bent valley, easy to find and slow to follow: the gradient keeps turning.",
  },
  ravine: {
    ...AROUND_ORIGIN,
    label: "Noisy ravine",
    wgsl: ravineWgsl,
    value: (x, y) => square(x) / 20 + square(y),
    start: [-3.2, 1.6],
    radius: 0.3,
    contour: { power: 0.5, spacing: 0.18 },
    noise: 0.5,
    story:
      "Every gradient has noise of 0.5 in both coordinates, more than the slope of the floor: the rules see a signal only on average.",
  },
} satisfies Record<string, Landscape>;

export type LandscapeName = keyof typeof LANDSCAPES;

export const landscapeOf = (name: LandscapeName): Landscape => LANDSCAPES[name];

export const LANDSCAPE_NAMES = Object.keys(LANDSCAPES) as LandscapeName[];

/** Width by height of every map. */
export const ASPECT = 4 / 3;
