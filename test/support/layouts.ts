// Tensors laid out in GPU memory in the ways that users have them, with noise around them that must not change.
import { expect } from "vitest";
import { ParameterArena } from "webgpu-optim";
import type { Gpu } from "./gpu";
import type { Random } from "./random";

export const LAYOUTS = ["separate buffers", "an arena", "two buffers", "one shared buffer"] as const;

/** Where the tensors lie: in the last two at offsets that are odd multiples of 4 bytes, or even ones, with gaps. */
export type Layout = (typeof LAYOUTS)[number];

type Part = { buffer: GPUBuffer; offset: number; size: number };

/** A tensor in place. */
export type Placed = { name: string; length: number; param: Part; grad: Part };

/** The tensors, and what their buffers hold. */
export type PlacedMemory = {
  tensors: Placed[];
  /** Writes a gradient. */
  write: (part: Part, values: Float32Array) => void;
  /** Reads all buffers. @throws when anything but a parameter (or padding of an arena) differs from before */
  read: () => Promise<void>;
  /** A copy of a parameter as it was read last. */
  value: (name: string) => Float32Array;
};

const bitsOf = (floats: Float32Array) => new Uint32Array(floats.buffer, floats.byteOffset, floats.length);

/** Places tensors of these lengths; every buffer begins with noise. */
export function place(gpu: Gpu, layout: Layout, lengths: readonly number[], random: Random): PlacedMemory {
  const names = lengths.map((_, index) => `t${index}`);
  const parts =
    layout === "an arena" ? inArena(gpu, names, lengths) : inBuffers(gpu, layout, lengths, random);
  const tensors = parts.map((part, index) => ({ name: names[index]!, length: lengths[index]!, ...part }));
  const contents = new Map<GPUBuffer, Float32Array>();
  for (const { param, grad } of tensors) {
    for (const { buffer } of [param, grad]) {
      if (contents.has(buffer)) continue;
      contents.set(buffer, random.normals(buffer.size / 4));
      gpu.write(buffer, contents.get(buffer)!);
    }
  }
  // The padding behind a slice of an arena is the arena's own.
  const padded = (bytes: number) => (layout === "an arena" ? Math.ceil(bytes / 256) * 256 : bytes);
  const read = async () => {
    const found = await Promise.all(
      [...contents.keys()].map(async (buffer) => [buffer, await gpu.read(buffer)] as const),
    );
    for (const [buffer, floats] of found) {
      const kept = floats.slice();
      for (const { param } of tensors) {
        if (param.buffer !== buffer) continue;
        const [start, end] = [param.offset / 4, padded(param.offset + param.size) / 4];
        kept.set(contents.get(buffer)!.subarray(start, end), start);
      }
      expect(bitsOf(kept), "what lies around the parameters").toEqual(bitsOf(contents.get(buffer)!));
      contents.set(buffer, floats);
    }
  };
  return {
    tensors,
    write({ buffer, offset }, values) {
      contents.get(buffer)!.set(values, offset / 4);
      gpu.write(buffer, values, offset / 4);
    },
    read,
    value(name) {
      const { param } = tensors.find((tensor) => tensor.name === name)!;
      return contents.get(param.buffer)!.slice(param.offset / 4, (param.offset + param.size) / 4);
    },
  };
}

function inArena(gpu: Gpu, names: readonly string[], lengths: readonly number[]) {
  const arena = new ParameterArena(
    gpu.device,
    Object.fromEntries(names.map((name, index) => [name, [lengths[index]!]])),
  );
  gpu.own(arena.paramBuffer);
  gpu.own(arena.gradBuffer);
  const whole = ({ buffer, offset = 0, size = 0 }: GPUBufferBinding) => ({ buffer, offset, size });
  return names.map((name) => {
    const { param, grad } = arena.get(name);
    return { param: whole(param), grad: whole(grad) };
  });
}

function inBuffers(gpu: Gpu, layout: Layout, lengths: readonly number[], random: Random) {
  if (layout === "separate buffers") {
    const alone = (length: number) => ({ buffer: gpu.buffer(length), offset: 0, size: length * 4 });
    return lengths.map((length) => ({ param: alone(length), grad: alone(length) }));
  }
  /** Places one after another, each behind a gap of 1 to 7 elements. */
  const ends = { params: 0, grads: 0 };
  const next = (where: keyof typeof ends, length: number) => {
    const start = ends[where] + 1 + Math.floor(7 * random.uniform());
    ends[where] = start + length;
    return { offset: start * 4, size: length * 4 };
  };
  const grads = layout === "one shared buffer" ? "params" : "grads";
  const places = lengths.map((length) => ({ param: next("params", length), grad: next(grads, length) }));
  const params = gpu.buffer(ends.params + 5);
  const gradients = layout === "one shared buffer" ? params : gpu.buffer(ends.grads + 5);
  return places.map(({ param, grad }) => ({
    param: { buffer: params, ...param },
    grad: { buffer: gradients, ...grad },
  }));
}
