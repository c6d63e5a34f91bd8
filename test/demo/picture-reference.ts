// The picture of Gaussians and its error in float64, written from the equations in demo/picture/shaders/model.wgsl, and
// gradients by finite differences. It must share no code with the kernels.
import type { PerTensor, TensorName } from "../../demo/picture/gaussians";

export type Numbers = PerTensor<number[]>;

const REACH = 3;
const CUT = Math.exp(-(REACH ** 2) / 2);
const MIN_SCALE = 0.3;
const BACKGROUND_WEIGHT = 0.01;
const BACKGROUND = 0.5;

/** Colours, `size`² times red, green, blue. */
export function drawGaussians(gaussians: Numbers, size: number): number[] {
  const weightFunctions = gaussians.opacity.map((_, index) => weightOf(gaussians, index, size));
  const colors: number[] = [];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const sum = [BACKGROUND, BACKGROUND, BACKGROUND].map((part) => part * BACKGROUND_WEIGHT);
      let weights = BACKGROUND_WEIGHT;
      weightFunctions.forEach((weightAt, index) => {
        const weight = weightAt(x + 0.5, y + 0.5);
        weights += weight;
        for (let channel = 0; channel < 3; channel++) {
          sum[channel]! += weight * gaussians.color[3 * index + channel]!;
        }
      });
      colors.push(...sum.map((part) => part / weights));
    }
  }
  return colors;
}

function weightOf(gaussians: Numbers, index: number, size: number): (x: number, y: number) => number {
  const centerX = size * gaussians.position[2 * index]!;
  const centerY = size * gaussians.position[2 * index + 1]!;
  const scaleU = Math.hypot(size * Math.exp(gaussians.scale[2 * index]!), MIN_SCALE);
  const scaleV = Math.hypot(size * Math.exp(gaussians.scale[2 * index + 1]!), MIN_SCALE);
  const cos = Math.cos(gaussians.rotation[index]!);
  const sin = Math.sin(gaussians.rotation[index]!);
  const opacity = 1 / (1 + Math.exp(-gaussians.opacity[index]!));
  return (x, y) => {
    const u = ((x - centerX) * cos + (y - centerY) * sin) / scaleU;
    const v = ((y - centerY) * cos - (x - centerX) * sin) / scaleV;
    return opacity * Math.max(0, Math.exp(-(u * u + v * v) / 2) - CUT);
  };
}

/** Mean over pixels and channels. */
export const meanSquaredError = (colors: number[], goal: number[]): number =>
  colors.reduce((sum, color, index) => sum + (color - goal[index]!) ** 2, 0) / colors.length;

/** The loss whose gradients the kernels compute: Gaussians / (2·pixels) · Σ error². */
export function loss(gaussians: Numbers, goal: number[], size: number): number {
  const error = meanSquaredError(drawGaussians(gaussians, size), goal) * goal.length;
  return (gaussians.opacity.length / (2 * size * size)) * error;
}

/** Central differences; in float64, 1e-5 leaves some 1e-10 of cancellation and as much of curvature. */
const DIFFERENCE = 1e-5;

export function gradientOf(gaussians: Numbers, name: TensorName, goal: number[], size: number): number[] {
  return gaussians[name].map((value, index) => {
    const lossAt = (shifted: number) => {
      const values = gaussians[name].with(index, shifted);
      return loss({ ...gaussians, [name]: values }, goal, size);
    };
    return (lossAt(value + DIFFERENCE) - lossAt(value - DIFFERENCE)) / (2 * DIFFERENCE);
  });
}
