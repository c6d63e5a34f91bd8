// A recurrent network of LSTM layers over characters, unrolled over a window, since jax-js has no scan. Must not know
// how it is trained. A function consumes the arrays it is given.
import { nn, numpy as np } from "@jax-js/jax";
import { dense } from "../learning/layers";
import { bias, type WeightSpec } from "../learning/weights";

/** Weights of one layer: of its input, of its own last output, and a bias. */
const PER_LAYER = 3;
const GATES = 4;

/** What a network remembers: output and cell of each layer in turn, `[streams, hidden]` each. */
export type State = np.Array[];

/** Weights for an alphabet of `characters`; they start as PyTorch's do, in deviation. */
export function lstmWeights(characters: number, hidden: number, layers: number): WeightSpec[] {
  const deviation = 1 / Math.sqrt(3 * hidden);
  const layer = (index: number): WeightSpec[] => [
    {
      name: `layer${index + 1}.input`,
      shape: [index === 0 ? characters : hidden, GATES * hidden],
      deviation,
    },
    { name: `layer${index + 1}.recurrent`, shape: [hidden, GATES * hidden], deviation },
    bias(`layer${index + 1}.bias`, [GATES * hidden]),
  ];
  return [
    ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
    { name: "output.weight", shape: [hidden, characters], deviation },
    bias("output.bias", [characters]),
  ];
}

export const emptyState = (layers: number, streams: number, hidden: number): State =>
  Array.from({ length: 2 * layers }, () => np.zeros([streams, hidden], { device: "webgpu" }));

/**
 * Logits `[time · streams, characters]` of the next characters.
 * @param inputs characters `[time, streams]`
 * @param state before the first of them; returned as it is after the last
 */
export function readCharacters(weights: np.Array[], inputs: np.Array, state: State): [np.Array, State] {
  const [time, streams] = inputs.shape as [number, number];
  const outputWeight = weights.at(-2)!;
  const outputBias = weights.at(-1)!;
  const [characters] = outputBias.shape as [number];
  let sequence = nn.oneHot(inputs, characters).reshape([time * streams, characters]);
  const newState: State = [];
  for (let layer = 0; layer < (weights.length - 2) / PER_LAYER; layer++) {
    const first = PER_LAYER * layer;
    const [input, recurrent, shift] = weights.slice(first, first + PER_LAYER);
    const driven = dense(sequence, input!, shift!);
    const { outputs, output, cell } = unroll(driven, recurrent!, state[2 * layer]!, state[2 * layer + 1]!);
    sequence = outputs;
    newState.push(output, cell);
  }
  return [dense(sequence, outputWeight, outputBias), newState];
}

/** One layer over all times; `driven` is what the input gives to the gates, `[time · streams, gates · hidden]`. */
function unroll(driven: np.Array, recurrent: np.Array, firstOutput: np.Array, firstCell: np.Array) {
  const [streams, hidden] = firstOutput.shape as [number, number];
  const [rows] = driven.shape as [number];
  const outputs: np.Array[] = [];
  let output = firstOutput;
  let cell = firstCell;
  for (let row = 0; row < rows; row += streams) {
    const gates = driven.ref.slice([row, row + streams]).add(np.dot(output, recurrent.ref));
    const gate = (index: number) => gates.ref.slice([], [index * hidden, (index + 1) * hidden]);
    const accept = nn.sigmoid(gate(0));
    // One more than its weights say: a network remembers from the start.
    const keep = nn.sigmoid(gate(1).add(1));
    const reveal = nn.sigmoid(gate(2));
    const candidate = np.tanh(gate(3));
    gates.dispose();
    cell = keep.mul(cell).add(accept.mul(candidate));
    output = reveal.mul(np.tanh(cell.ref));
    outputs.push(output.ref);
  }
  driven.dispose();
  recurrent.dispose();
  return { outputs: np.concatenate(outputs, 0), output, cell };
}
