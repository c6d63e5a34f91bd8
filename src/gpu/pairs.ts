// Steps two small tensors in one dispatch, where each lies in buffers of its own: a dispatch costs more than a small
// tensor does. Loaded apart, by groups that have two such tensors. Must not know rules, tensors or how units bind.
import pairWgsl from "../../shaders/pair.wgsl?raw";
import {
  BINDINGS,
  bufferWgslOf,
  commonWgslOf,
  loadKernel,
  stepProgram,
  type Kernel,
  type KernelSource,
  type Program,
} from "./pipelines.js";
import type { BoundDispatch } from "./unit.js";

/** What the modules of the buffers declare: the second tensor's have names of their own. */
const OF_BUFFERS = /\b(states|params|grads|deltaOf|loadParam|loadGrad|storeParam|stepSegment)\b/g;
/** From the slots of the first tensor to those of the second. */
const SECOND = 4;

/** What has dispatches that may be paired: a unit. */
export type Paired = { readonly dispatches: readonly BoundDispatch[] };

/** A rule's kernel over two tensors. It binds the scalars, then segments, states, params and grads of one and the other. */
export function pairProgram(source: KernelSource): Program {
  const buffers = bufferWgslOf(source);
  const second = buffers.map((text) =>
    text
      .replace(OF_BUFFERS, "$&2")
      .replace(/@binding\((\d)\)/g, (_, binding: string) => `@binding(${Number(binding) + SECOND})`),
  );
  const { entries, entryPoint } = stepProgram(source);
  return {
    code: [...commonWgslOf(source), ...buffers, ...second, pairWgsl].join("\n"),
    entryPoint,
    entries: [...entries, ...ofSecond(entries)],
  };
}

/** The same entries in the slots of the second tensor; both have the scalars in common. */
function ofSecond<Entry extends { binding: number }>(entries: readonly Entry[]): Entry[] {
  return entries
    .filter(({ binding }) => binding !== BINDINGS.scalars)
    .map((entry) => ({ ...entry, binding: entry.binding + SECOND }));
}

/** Two units' dispatches as one. */
type Pair = { second: BoundDispatch; both: BoundDispatch | undefined };

export class Pairs {
  /** By the first half: each is paired once, so that gradients that rotate through buffers in any order make no end of them. */
  readonly #pairs = new WeakMap<BoundDispatch, Pair>();

  private constructor(
    readonly device: GPUDevice,
    readonly label: string,
    readonly kernel: Kernel,
  ) {}

  /** Compiles the kernel. @throws {DeviceError} */
  static async load(device: GPUDevice, source: KernelSource, label: string): Promise<Pairs> {
    return new Pairs(device, label, await loadKernel(device, pairProgram(source), label));
  }

  /** The dispatches of units, two by two where that is possible. */
  merge(units: readonly Paired[]): BoundDispatch[] {
    const merged: BoundDispatch[] = [];
    const rest: BoundDispatch[] = [];
    for (let i = 0; i < units.length; i += 2) {
      const [first, second] = [units[i]!.dispatches, units[i + 1]?.dispatches ?? []];
      const both = first.length === 1 && second.length === 1 ? this.#pair(first[0]!, second[0]!) : undefined;
      if (both) merged.push(both);
      else rest.push(...first, ...second);
    }
    return [...merged, ...rest];
  }

  #pair(first: BoundDispatch, second: BoundDispatch): BoundDispatch | undefined {
    let pair = this.#pairs.get(first);
    if (!pair) {
      pair = { second, both: this.#bind(first, second) };
      this.#pairs.set(first, pair);
    }
    return pair.second === second ? pair.both : undefined;
  }

  #bind(first: BoundDispatch, second: BoundDispatch): BoundDispatch | undefined {
    if (!canPair(first, second)) return undefined;
    const entries = [...first.entries, ...ofSecond(second.entries)];
    const { kernel, label } = this;
    const bindGroup = this.device.createBindGroup({ label, layout: kernel.layout, entries });
    return { kernel, bindGroup, x: first.x + second.x, y: 1, entries };
  }
}

/**
 * Whether two dispatches can be one: each has gradients apart from its parameters, and none reads gradients from the buffer
 * that the other one's parameters are written to.
 */
function canPair(first: BoundDispatch, second: BoundDispatch): boolean {
  const bufferOf = ({ entries }: BoundDispatch, slot: number) =>
    (entries.find(({ binding }) => binding === slot)?.resource as GPUBufferBinding | undefined)?.buffer;
  const grads = [bufferOf(first, BINDINGS.grads), bufferOf(second, BINDINGS.grads)];
  return (
    grads.every((buffer) => buffer !== undefined) &&
    grads[0] !== bufferOf(second, BINDINGS.params) &&
    grads[1] !== bufferOf(first, BINDINGS.params)
  );
}
