// One training run on the book under one rule. Must not know pages. Two runs with the same options read the same
// windows from the same start, whatever their rules.
import { jit, lax, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import type { RuleOptions, StepStats, UpdateRule } from "webgpu-optim";
import { crossEntropy } from "../learning/layers";
import { Learner } from "../learning/learner";
import { disposeAll, firsts, meanOf } from "../learning/readback";
import type { StepsReport } from "../learning/train-together";
import { createWeights } from "../learning/weights";
import { seededRandom } from "../shared/random";
import { emptyState, lstmWeights, readCharacters, type State } from "./lstm";
import { ALPHABET, type Book, decode, encode, Streams, type Window } from "./text";

export type LanguageOptions = {
  layers: number;
  hidden: number;
  /** Places of the book that are read at once. */
  streams: number;
  /** Characters over which the network is unrolled. */
  window: number;
  totalSteps: number;
  seed: number;
};

/** The norm that longer gradients are clipped to, as in the experiments of AdaBelief's authors. */
export const CLIP_NORM = 0.25;

/** Windows that a perplexity is measured over, at most. */
const VALIDATION_WINDOWS = 20;
/** Divides the logits: below 1, likely characters are preferred when writing. */
const TEMPERATURE = 0.7;

const asCharacters = (values: Int32Array<ArrayBuffer>, shape: number[]) =>
  np.array(values, { shape, dtype: np.int32, device: "webgpu" });

/** Mean surprise per character, in nats, and the state after the window. */
function surprise(weights: np.Array[], inputs: np.Array, targets: np.Array, state: State): [np.Array, State] {
  const [logits, newState] = readCharacters(weights, inputs, state);
  const labels = nn.oneHot(targets.reshape([-1]), ALPHABET.length);
  // Windows are learned from one by one: what came before is remembered, but not learned from again.
  return [crossEntropy(logits, labels), newState.map((array) => lax.stopGradient(array))];
}

/** The next character, drawn by adding noise to the logits (the Gumbel-max trick), and the state after it. */
function write(weights: np.Array[], character: np.Array, state: State, noise: np.Array): [np.Array, State] {
  const [logits, newState] = readCharacters(weights, character, state);
  const drawn = np.argmax(logits.mul(1 / TEMPERATURE).add(noise), 1);
  return [drawn.astype(np.int32).reshape([1, 1]), newState];
}

// Compiled once for each set of shapes, for all runs.
const differentiate = jit(valueAndGrad(surprise, { hasAux: true }));
const measure = jit(surprise);
const draw = jit(write);

/** A text that a network writes on. */
export class Writer {
  readonly #weights: () => np.Array[];
  readonly #random: () => number;
  /** What is still to be read before it writes. */
  readonly #prompt: number[];
  #state: State;
  #character: np.Array;

  constructor(weights: () => np.Array[], state: State, prompt: string, seed: number) {
    this.#weights = weights;
    this.#random = seededRandom(seed);
    const [first, ...others] = encode(prompt);
    this.#prompt = others;
    this.#state = state;
    this.#character = asCharacters(Int32Array.of(first!), [1, 1]);
  }

  /** The next `length` characters, after what is left of the prompt. */
  async next(length: number): Promise<string> {
    for (const given of this.#prompt.splice(0)) {
      this.#advance();
      this.#character.dispose();
      this.#character = asCharacters(Int32Array.of(given), [1, 1]);
    }
    const written: np.Array[] = [];
    for (let index = 0; index < length; index++) {
      this.#advance();
      written.push(this.#character.ref);
    }
    return decode(await firsts(written));
  }

  /** Frees what it remembers. */
  destroy(): void {
    disposeAll([...this.#state, this.#character]);
  }

  /** Reads the character and draws the one after it. */
  #advance(): void {
    [this.#character, this.#state] = draw(this.#weights(), this.#character, this.#state, this.#noise());
  }

  #noise(): np.Array {
    const values = Float32Array.from(
      { length: ALPHABET.length },
      () => -Math.log(-Math.log(this.#random() || Number.MIN_VALUE)),
    );
    return np.array(values, { shape: [1, ALPHABET.length], device: "webgpu" });
  }
}

export class LanguageTrainer {
  /** Completed steps. */
  step = 0;
  readonly totalSteps: number;
  readonly #options: LanguageOptions;
  readonly #validation: Book["validation"];
  readonly #streams: Streams;
  #state: State;
  #learner!: Learner;

  private constructor(book: Book, options: LanguageOptions, random: () => number) {
    const { layers, hidden, streams, window } = options;
    this.totalSteps = options.totalSteps;
    this.#options = options;
    this.#validation = book.validation;
    const starts = Array.from({ length: streams }, () => Math.floor(random() * book.training.length));
    this.#streams = new Streams(book.training, starts, window);
    this.#state = emptyState(layers, streams, hidden);
  }

  /**
   * Compiles the network and the optimizer for a run. The same seed gives the same run on the same device.
   * @param device the device of jax-js
   */
  static async create(
    device: GPUDevice,
    book: Book,
    options: LanguageOptions,
    rule: UpdateRule<RuleOptions>,
  ): Promise<LanguageTrainer> {
    const random = seededRandom(options.seed);
    const trainer = new LanguageTrainer(book, options, random);
    await trainer.#prepare(device, rule, random);
    return trainer;
  }

  async #prepare(device: GPUDevice, rule: UpdateRule<RuleOptions>, random: () => number): Promise<void> {
    const { layers, hidden, streams, window } = this.#options;
    const specs = lstmWeights(ALPHABET.length, hidden, layers);
    const weights = createWeights(specs, random);
    // One pass that is thrown away: it compiles the kernels without blocking the page.
    const [[loss, state], gradients] = differentiate(
      weights.map((weight) => weight.ref),
      ...this.#upload(Streams.even(this.#validation, streams, window).next()),
      emptyState(layers, streams, hidden),
    );
    await loss.blockUntilReady();
    this.#learner = await Learner.create(device, specs, weights, gradients, rule, {
      clipGradNorm: CLIP_NORM,
    });
    disposeAll([loss, ...state]);
  }

  /** Sets the learning rate of the steps from the next one on. */
  set lr(lr: number) {
    this.#learner.lr = lr;
  }

  /** Trains for a number of steps. The loss is the mean surprise per character over all of them, in nats. */
  async train(stepCount: number): Promise<StepsReport> {
    const start = performance.now();
    let sum = 0;
    let last: Promise<number[]> | undefined;
    for (let index = 0; index < stepCount; index++) {
      const [inputs, targets] = this.#upload(this.#streams.next());
      const [[loss, state], gradients] = differentiate(this.#learner.refs(), inputs, targets, this.#state);
      this.#learner.step(gradients);
      this.#state = state;
      this.step++;
      // One step may run while the next is being prepared; a longer queue only slows both down.
      const [value = 0] = (await last) ?? [];
      sum += value;
      last = firsts([loss]);
    }
    const [value = NaN] = (await last) ?? [];
    return { stepCount, loss: (sum + value) / stepCount, wallMs: performance.now() - start };
  }

  /** The norm of the latest gradients, and how far it was clipped. */
  stats(): Promise<StepStats> {
    return this.#learner.stats();
  }

  /** Perplexity per character on text that is never trained on. */
  async perplexity(): Promise<number> {
    const { layers, hidden, streams, window } = this.#options;
    const reader = Streams.even(this.#validation, streams, window);
    const fitting = Math.floor((this.#validation.length / streams - 1) / window);
    const windowCount = Math.min(VALIDATION_WINDOWS, fitting);
    let state = emptyState(layers, streams, hidden);
    const losses: np.Array[] = [];
    for (let index = 0; index < windowCount; index++) {
      const [loss, newState] = measure(this.#learner.refs(), ...this.#upload(reader.next()), state);
      losses.push(loss);
      state = newState;
    }
    disposeAll(state);
    return Math.exp(await meanOf(losses));
  }

  /**
   * Writes on from a text.
   * @param seed the same one draws the same characters from the same weights
   */
  async write(prompt: string, length: number, seed: number): Promise<string> {
    const writer = this.writer(prompt, seed);
    const text = await writer.next(length);
    writer.destroy();
    return text;
  }

  /** Writes on from a text, piece after piece, each with the weights as they are by then. */
  writer(prompt: string, seed: number): Writer {
    const { layers, hidden } = this.#options;
    return new Writer(() => this.#learner.refs(), emptyState(layers, 1, hidden), prompt, seed);
  }

  /** Frees weights, states and memory. Nothing may be running. */
  destroy(): void {
    this.#learner.destroy();
    disposeAll(this.#state);
  }

  #upload({ inputs, targets }: Window): [np.Array, np.Array] {
    const shape = [this.#options.window, this.#options.streams];
    return [asCharacters(inputs, shape), asCharacters(targets, shape)];
  }
}
