// How state lies in memory: room, no collisions, and the host's copies against the words of the kernel.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeStates } from "../../src/gpu/launch-plan";
import {
  BLOCK_LENGTH,
  BLOCK_STRUCTS,
  gather,
  scatter,
  SLOT_BYTES,
  structCount,
  type StateRun,
} from "../../src/gpu/state-layout";
import { padEnd } from "../support/launch-model";

const runs = fc.record({
  firstStruct: fc.integer({ min: 0, max: 40 }),
  length: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 5000 })),
  slotCount: fc.integer({ min: 1, max: 4 }),
});

/** Floats of a buffer that just holds a run. */
const floatsFor = ({ firstStruct, length, slotCount }: StateRun) =>
  new Float32Array(((firstStruct + structCount(length)) * slotCount * SLOT_BYTES) / 4);

describe("structCount", () => {
  it.each([
    [0, 0],
    [1, 1],
    [15, 15],
    [16, 16],
    [17, 16],
    [63, 16],
    [64, 16],
    [65, 17],
    [80, 32],
    [128, 32],
  ])("%i elements take %i structs", (length, structs) => {
    expect(structCount(length)).toBe(structs);
  });

  it("never falls short of the elements, nor exceeds what separate state would take by a block", () => {
    for (let length = 0; length <= 1000; length++) {
      expect(structCount(length) * 4).toBeGreaterThanOrEqual(length);
      expect(structCount(length) * 4).toBeLessThan(length + BLOCK_LENGTH);
    }
  });
});

describe("gather and scatter", () => {
  it("are inverse, slot by slot, and fill a run without colliding or leaving it", () => {
    fc.assert(
      fc.property(runs, (run) => {
        const floats = floatsFor(run).fill(-1);
        const values = (slot: number) =>
          Float32Array.from({ length: run.length }, (_, element) => slot * 10_000 + element);
        for (let slot = 0; slot < run.slotCount; slot++) scatter(floats, run, slot, values(slot), 0);
        for (let slot = 0; slot < run.slotCount; slot++) {
          const target = new Float32Array(run.length);
          gather(floats, run, slot, target, 0);
          expect(target).toEqual(values(slot));
        }
        const written = floats.filter((value) => value !== -1);
        expect(written).toHaveLength(run.length * run.slotCount);
        const before = floats.subarray(0, (run.firstStruct * run.slotCount * SLOT_BYTES) / 4);
        expect(before.every((value) => value === -1)).toBe(true);
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  it("put component c of lane l of a block at element 16·c + l, a struct's slots side by side", () => {
    const run = { firstStruct: 3, length: 130, slotCount: 2 };
    const floats = floatsFor(run).fill(-1);
    const elements = Float64Array.from({ length: run.length }, (_, element) => element);
    scatter(floats, run, 1, elements, 0);
    for (let element = 0; element < run.length; element++) {
      const [block, within] = [Math.floor(element / 64), element % 64];
      const struct = run.firstStruct + 16 * block + (within % 16);
      const component = Math.floor(within / 16);
      expect(floats[(struct * 2 + 1) * 4 + component]).toBe(element);
      expect(floats[struct * 2 * 4 + component]).toBe(-1);
    }
  });

  it("copy from and to the middle of a tensor, and leave the rest of it", () => {
    const run = { firstStruct: 1, length: 70, slotCount: 1 };
    const floats = floatsFor(run);
    scatter(
      floats,
      run,
      0,
      Float32Array.from({ length: 100 }, (_, index) => index),
      20,
    );
    const target = new Float32Array(100).fill(-1);
    gather(floats, run, 0, target, 5);
    expect([...target]).toEqual(
      Array.from({ length: 100 }, (_, index) => (index >= 5 && index < 75 ? index + 15 : -1)),
    );
  });

  it("round a Float64Array to float32", () => {
    const run = { firstStruct: 0, length: 1, slotCount: 1 };
    const floats = floatsFor(run);
    scatter(floats, run, 0, Float64Array.of(0.1), 0);
    expect(floats[0]).toBe(Math.fround(0.1));
  });
});

describe("placeStates", () => {
  const tensorLists = fc
    .array(fc.record({ length: fc.integer({ min: 0, max: 3000 }), gap: fc.integer({ min: 0, max: 99 }) }), {
      maxLength: 10,
    })
    .map((drawn) => {
      let end = 0;
      return drawn.map(({ length, gap }) => {
        const offset = end + gap * 4;
        end = offset + length * 4;
        return { offset, length };
      });
    });

  it("covers every element once, in pieces that lie apart, in buffers within the limit", () => {
    fc.assert(
      fc.property(
        tensorLists,
        fc.boolean(),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 20 }),
        (tensors, padded, slotCount, blocks) => {
          const structBytes = slotCount * SLOT_BYTES;
          // Any limit of at least a block; what exceeds whole blocks stays unused.
          const maxBytes = blocks * BLOCK_STRUCTS * structBytes + 100;
          const { pieces, bufferBytes } = placeStates(
            tensors.map((tensor) => ({ ...tensor, paddedEnd: padEnd(tensor.offset, tensor.length, padded) })),
            slotCount,
            maxBytes,
          );
          for (const size of bufferBytes) expect(size).toBeLessThanOrEqual(maxBytes);
          const taken = bufferBytes.map((size) => new Uint8Array(size / structBytes));
          const next = tensors.map(() => 0);
          for (const { tensor, first, length, extent, buffer, struct } of pieces) {
            expect(first).toBe(next[tensor]);
            expect(length).toBeGreaterThan(0);
            expect(extent).toBeGreaterThanOrEqual(length);
            next[tensor]! += length;
            const structs = taken[buffer]!.subarray(struct, struct + structCount(extent));
            expect(structs).toHaveLength(structCount(extent));
            expect(structs.every((count) => count === 0)).toBe(true);
            structs.fill(1);
          }
          expect(next).toEqual(tensors.map(({ length }) => length));
          for (const buffer of taken) expect(buffer.every((count) => count === 1)).toBe(true);
        },
      ),
      { seed: 6, numRuns: 100 },
    );
  });
});
