// Weights of networks: their shapes and what they start from. Must not know any network, nor how it is trained.
import { numpy as np } from "@jax-js/jax";
import { normalFrom } from "../shared/random";

export type WeightSpec = {
  name: string;
  shape: number[];
  /** Standard deviation of the initial values, which are normal; 0 starts at zero. */
  deviation: number;
};

const product = (shape: number[]) => shape.reduce((count, size) => count * size, 1);

/** Weights before a ReLU (He et al. 2015): `fanIn` inputs are summed into one output. */
export const before = (name: string, shape: number[], fanIn: number): WeightSpec => ({
  name,
  shape,
  deviation: Math.sqrt(2 / fanIn),
});

export const bias = (name: string, shape: number[]): WeightSpec => ({ name, shape, deviation: 0 });

/** A dense layer: its weight `[inputs, outputs]` and its bias. */
export const dense = (name: string, inputs: number, outputs: number): WeightSpec[] => [
  before(`${name}.weight`, [inputs, outputs], inputs),
  bias(`${name}.bias`, [outputs]),
];

/** A convolution with a square kernel: its weight `[outputs, inputs, kernel, kernel]` and its bias. */
export const convolution = (name: string, inputs: number, outputs: number, kernel: number): WeightSpec[] => [
  before(`${name}.weight`, [outputs, inputs, kernel, kernel], inputs * kernel * kernel),
  bias(`${name}.bias`, [outputs, 1, 1]),
];

/** The weights as arrays on the GPU; no two share memory. */
export function createWeights(specs: readonly WeightSpec[], random: () => number): np.Array[] {
  const normal = normalFrom(random);
  return specs.map(({ shape, deviation }) => {
    const values = new Float32Array(product(shape));
    if (deviation > 0)
      for (let index = 0; index < values.length; index++) values[index] = deviation * normal();
    return np.array(values, { shape, device: "webgpu" });
  });
}
