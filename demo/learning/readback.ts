// Brings arrays of jax-js back to JavaScript. Must not know what they hold. Every function consumes its arrays.
import type { numpy as np } from "@jax-js/jax";

/** Submits what is pending and reads the values. */
export const floats = async (array: np.Array): Promise<Float32Array> => (await array.data()) as Float32Array;

/** The first value of each array. */
export async function firsts(arrays: readonly np.Array[]): Promise<number[]> {
  const values = await Promise.all(arrays.map(floats));
  return values.map((value) => value[0]!);
}

/** The mean of the first values; NaN for none. */
export async function meanOf(arrays: readonly np.Array[]): Promise<number> {
  const values = await firsts(arrays);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function disposeAll(arrays: readonly np.Array[]): void {
  for (const array of arrays) array.dispose();
}
