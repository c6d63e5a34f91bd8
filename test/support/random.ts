// Seeded numbers for tests.
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A source of seeded numbers. */
export class Random {
  readonly #generator;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** In [0, 1). */
  uniform(): number {
    return uniformFloat64(this.#generator);
  }

  /** Of the normal distribution, mean 0 and deviation 1 (Box and Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Normal float32 of a deviation. */
  normals(length: number, deviation = 1): Float32Array {
    return Float32Array.from({ length }, () => deviation * this.normal());
  }
}
