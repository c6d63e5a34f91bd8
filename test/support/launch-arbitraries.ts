// Random tensors, gradients and limits for the property tests of the launch plan.
import fc from "fast-check";
import { SLICE_ALIGNMENT } from "../../src/gpu/arenas";
import type { LaunchLimits } from "../../src/gpu/launch-plan";
import type { GradientRange, Gradients, Memory } from "./launch-model";

/** Where a gradient is put: in a buffer beside, at its parameter's own offset, or in the parameters' buffer. */
type Place =
  { kind: "beside"; buffer: number } | { kind: "mirrored" } | { kind: "behind" } | { kind: "shared" };

/** One case: the memory, and two ways the gradients may lie in it. */
export type Case = { memory: Memory; gradients: [Gradients, Gradients] };

const MIRROR = 3;
const SHARED = 4;

const lengths = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 6 }).map((blocks) => blocks * 64) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 5000 }) },
);
/** Bytes between tensors: any multiple of 4, often none. */
const gaps = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 150 }).map((words) => words * 4),
);

const places: fc.Arbitrary<Place> = fc.oneof(
  fc.integer({ min: 0, max: 2 }).map((buffer) => ({ kind: "beside" as const, buffer })),
  fc.constant({ kind: "mirrored" as const }),
  fc.constant({ kind: "behind" as const }),
  fc.constant({ kind: "shared" as const }),
);

const tensorArbitrary = fc.record({
  length: lengths,
  gap: gaps,
  place: places,
  otherPlace: places,
  gradGap: gaps,
});
type Drawn = typeof tensorArbitrary extends fc.Arbitrary<infer T> ? T : never;

/** Limits small enough for several windows and state buffers, and such that any row can be bound by itself. */
const limitsArbitrary: fc.Arbitrary<LaunchLimits> = fc
  .record({
    chunkLength: fc.constantFrom(64, 128, 1024),
    alignment: fc.constantFrom(32, 256),
    room: fc.constantFrom(256, 1024, 6000, 2 ** 27),
    merges: fc.boolean(),
  })
  .map(({ room, chunkLength, ...limits }) => ({
    ...limits,
    chunkLength,
    maxBindingBytes: Math.max(chunkLength * 4 + room, 1024),
  }));

const alignUp = (offset: number) => Math.ceil(offset / SLICE_ALIGNMENT) * SLICE_ALIGNMENT;

/** Lays tensors and their gradients out; `pick` says which of a tensor's two places holds. */
function layOut(drawn: readonly Drawn[], padded: boolean, sameBuffer: boolean) {
  let end = 0;
  const place = (length: number, gap: number): number => {
    const offset = padded ? alignUp(end) : end + gap;
    end = offset + length * 4;
    return offset;
  };
  const tensors: { offset: number; length: number }[] = [];
  const within: number[] = [];
  for (const { length, gap, gradGap, place: at } of drawn) {
    tensors.push({ offset: place(length, gap), length });
    // Room for a gradient right behind its parameter, whether or not it is used.
    within.push(at.kind === "shared" ? place(length, gradGap) : -1);
  }
  // Gradients kept in one block behind all the parameters.
  const behind = drawn.map(({ length }) => (sameBuffer ? place(length, 0) : -1));
  return { tensors, within, behind, paramBytes: end };
}

function gradientsOf(
  drawn: readonly Drawn[],
  placeOf: (tensor: Drawn) => Place,
  { tensors, within, behind, paramBytes }: ReturnType<typeof layOut>,
  padded: boolean,
): Gradients {
  const ends = [0, 0, 0, paramBytes, paramBytes];
  const ranges = drawn.map((tensor, index): GradientRange => {
    const place = placeOf(tensor);
    const { length, gradGap } = tensor;
    const shared = (offset: number) => ({ buffer: SHARED, offset, padded, shared: true });
    if (place.kind === "shared" && within[index]! >= 0) return shared(within[index]!);
    if (place.kind === "behind" && behind[index]! >= 0) return shared(behind[index]!);
    if (place.kind === "beside") {
      const offset = padded ? alignUp(ends[place.buffer]!) : ends[place.buffer]! + gradGap;
      ends[place.buffer] = offset + length * 4;
      return { buffer: place.buffer, offset, padded, shared: false };
    }
    return { buffer: MIRROR, offset: tensors[index]!.offset, padded, shared: false };
  });
  return { ranges, bufferBytes: ends };
}

/** Cases of up to 12 tensors; gradients all placed alike in half of them, each anywhere in the others. */
export const cases: fc.Arbitrary<Case> = fc
  .record({
    drawn: fc.array(tensorArbitrary, { minLength: 1, maxLength: 12 }),
    uniform: fc.option(places),
    padded: fc.boolean(),
    sameBuffer: fc.boolean(),
    slotCount: fc.integer({ min: 1, max: 3 }),
    limits: limitsArbitrary,
  })
  .map(({ drawn, uniform, padded, sameBuffer, slotCount, limits }) => {
    const layout = layOut(drawn, padded, sameBuffer);
    const { tensors, paramBytes } = layout;
    return {
      memory: { tensors, padded, slotCount, limits, paramBytes },
      gradients: [
        gradientsOf(drawn, ({ place }) => uniform ?? place, layout, padded),
        gradientsOf(drawn, ({ otherPlace }) => otherPlace, layout, padded),
      ],
    };
  });
