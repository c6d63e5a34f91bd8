// What a model consists of, and what it starts from. Must not touch the GPU.
import { normalFrom, seededRandom } from "../shared/random";

/** The tensors of a model, and how many numbers each Gaussian has in them. Each is a param group of its own. */
export const WIDTHS = { position: 2, scale: 2, rotation: 1, color: 3, opacity: 1 };

export type TensorName = keyof typeof WIDTHS;

export const TENSOR_NAMES = Object.keys(WIDTHS) as TensorName[];

/** One value for each tensor. */
export type PerTensor<Value> = Record<TensorName, Value>;

export const perTensor = <Value>(valueOf: (name: TensorName) => Value): PerTensor<Value> =>
  Object.fromEntries(TENSOR_NAMES.map((name) => [name, valueOf(name)])) as PerTensor<Value>;

/** A Gaussian's standard deviation at the start, in units of the mean distance to its neighbours. */
const INITIAL_SCALE = 0.55;
/** Spread of ln(scale) and of the colours around grey at the start. */
const SCALE_SPREAD = 0.2;
const COLOR_SPREAD = 0.06;

/** Grey blobs, spread evenly but not regularly: what the fit makes of the picture is all its own. */
export function initialGaussians(count: number, seed: number): PerTensor<Float32Array> {
  const random = seededRandom(seed);
  const normal = normalFrom(random);
  const tensors = perTensor((name) => new Float32Array(count * WIDTHS[name]));
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  const logScale = Math.log(INITIAL_SCALE / Math.sqrt(count));
  for (let index = 0; index < count; index++) {
    // Cells of a grid whose last row may be shorter, and a random place in each.
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    tensors.position.set([((index % columns) + random()) / inRow, (row + random()) / rows], 2 * index);
    tensors.scale.set([logScale + SCALE_SPREAD * normal(), logScale + SCALE_SPREAD * normal()], 2 * index);
    tensors.rotation[index] = Math.PI * random();
    for (let channel = 0; channel < 3; channel++) {
      tensors.color[3 * index + channel] = 0.5 + COLOR_SPREAD * normal();
    }
  }
  return tensors;
}
