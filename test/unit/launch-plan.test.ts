// Which dispatches step which elements: properties of any plan, in a model of the kernel, and the counts promised.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SEGMENT_WORDS, workgroupGrid, type Dispatch } from "../../src/gpu/launch-plan";
import { cases, type Case } from "../support/launch-arbitraries";
import { checkPlan, placementOf, planOf, rowsOf, type Gradients, type Memory } from "../support/launch-model";

const ROOMY = { maxBindingBytes: 2 ** 27, alignment: 256, chunkLength: 1024, merges: true };
const SEED = 20240;

/** Bytes between a shared tensor's parameter and its gradient. */
const distance = ({ tensors }: Memory, { ranges }: Gradients, tensor: number) =>
  Math.abs(ranges[tensor]!.offset - tensors[tensor]!.offset);

/** Tensors of which not even one element can be bound together with its gradient. */
const hopeless = ({ memory }: Case, gradients: Gradients) =>
  memory.tensors.flatMap(({ length }, tensor) => {
    const { shared } = gradients.ranges[tensor]!;
    const needed = distance(memory, gradients, tensor) + 4;
    return shared && length > 0 && needed > memory.limits.maxBindingBytes ? [tensor] : [];
  });

describe("any plan", () => {
  it("steps every element once with its own gradient and state, and nothing else, in legal windows", () => {
    let [planned, windows, merged] = [0, 0, 0];
    fc.assert(
      fc.property(cases, (drawn) => {
        const { memory } = drawn;
        // One placement for both ways the gradients lie: the state stays where it is when they move.
        const placement = placementOf(memory);
        for (const gradients of drawn.gradients) {
          const plan = planOf(memory, gradients, placement);
          if (!Array.isArray(plan)) continue;
          expect(hopeless(drawn, gradients)).toEqual([]);
          checkPlan(memory, gradients, plan, placement);
          planned++;
          windows += Number(plan.length > new Set(gradients.ranges.map(({ buffer }) => buffer)).size);
          merged += Number(
            memory.limits.merges &&
              plan.flatMap(rowsOf).length < memory.tensors.filter((t) => t.length > 0).length,
          );
        }
      }),
      { seed: SEED, numRuns: 800 },
    );
    // The draw must reach what the property is about.
    expect(planned).toBeGreaterThan(800);
    expect(windows).toBeGreaterThan(150);
    expect(merged).toBeGreaterThan(50);
  });

  it("is refused only for a shared tensor further from its gradient than a binding less one chunk", () => {
    let refused = 0;
    fc.assert(
      fc.property(cases, (drawn) => {
        const { memory } = drawn;
        const { maxBindingBytes, alignment, chunkLength } = memory.limits;
        for (const gradients of drawn.gradients) {
          const plan = planOf(memory, gradients);
          if (Array.isArray(plan)) continue;
          refused++;
          expect(gradients.ranges[plan.tooFarApart]!.shared).toBe(true);
          const reach = distance(memory, gradients, plan.tooFarApart) + chunkLength * 4 + alignment;
          expect(reach).toBeGreaterThan(maxBindingBytes);
        }
      }),
      { seed: SEED, numRuns: 800 },
    );
    expect(refused).toBeGreaterThan(25);
  });

  it("takes one dispatch per gradient buffer when the limits leave room, in whatever order the gradients lie", () => {
    fc.assert(
      fc.property(cases, ({ memory, gradients }) => {
        const roomy = { ...memory, limits: ROOMY };
        for (const each of gradients) {
          const used = each.ranges.filter((_, tensor) => memory.tensors[tensor]!.length > 0);
          const buffers = new Set(used.map(({ buffer }) => buffer));
          expect(planOf(roomy, each)).toHaveLength(buffers.size);
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

/** Tensors of these lengths one after another, `pad` giving where the next may begin; gradients at the same offsets. */
function mirrored(lengths: readonly number[], padded: boolean): { memory: Memory; gradients: Gradients } {
  let end = 0;
  const tensors = lengths.map((length) => {
    const offset = padded ? Math.ceil(end / 256) * 256 : end;
    end = offset + length * 4;
    return { offset, length };
  });
  return {
    memory: { tensors, padded, slotCount: 2, limits: ROOMY, paramBytes: end },
    gradients: {
      ranges: tensors.map(({ offset }) => ({ buffer: 0, offset, padded, shared: false })),
      bufferBytes: [end],
    },
  };
}

/** The plan, which must exist. */
function dispatchesOf(memory: Memory, gradients: Gradients): Dispatch[] {
  const plan = planOf(memory, gradients);
  if (!Array.isArray(plan)) throw new Error(`tensor ${plan.tooFarApart} is too far apart`);
  checkPlan(memory, gradients, plan);
  return plan;
}

describe("an arena", () => {
  const lengths = Array.from({ length: 1000 }, (_, index) => 1 + ((index * 37) % 200));

  it("of 1000 slices takes one dispatch, and one row for every 1024 elements of the merged span", () => {
    const { memory, gradients } = mirrored(lengths, true);
    const dispatches = dispatchesOf(memory, gradients);
    expect(dispatches).toHaveLength(1);
    expect(rowsOf(dispatches[0]!)).toHaveLength(Math.ceil(memory.paramBytes / 4 / 1024));
  });

  it("of 1000 slices takes one dispatch, and a row for every slice, where tensors are told apart", () => {
    const { memory, gradients } = mirrored(lengths, true);
    const dispatches = dispatchesOf({ ...memory, limits: { ...ROOMY, merges: false } }, gradients);
    expect(dispatches).toHaveLength(1);
    expect(rowsOf(dispatches[0]!).map(({ length }) => length)).toEqual(lengths);
  });

  it("whose slices are not all in the group leaves the others and their padding alone", () => {
    const { memory, gradients } = mirrored(lengths.slice(0, 30), true);
    const keep = <T>(values: readonly T[]) => values.filter((_, index) => index % 3 !== 1);
    const kept = { ...memory, tensors: keep(memory.tensors) };
    const dispatches = dispatchesOf(kept, { ...gradients, ranges: keep(gradients.ranges) });
    expect(dispatches).toHaveLength(1);
    // Slices 2 and 3, 5 and 6, … stay adjacent, and each pair is shorter than a chunk.
    expect(rowsOf(dispatches[0]!)).toHaveLength(11);
  });

  it("whose gradients are not in an arena does not read past them", () => {
    const { memory, gradients } = mirrored([10, 10, 64, 10], true);
    const ranges = gradients.ranges.map((range) => ({ ...range, padded: false }));
    const dispatches = dispatchesOf(memory, { ...gradients, ranges });
    expect(rowsOf(dispatches[0]!).map(({ length }) => length)).toEqual([10, 10, 74]);
  });
});

describe("plain buffers", () => {
  it("merge neighbours whose lengths are multiples of 64", () => {
    const { memory, gradients } = mirrored([64, 128, 192, 5], false);
    expect(rowsOf(dispatchesOf(memory, gradients)[0]!).map(({ length }) => length)).toEqual([389]);
  });

  it("take one dispatch, and a row each, for 1000 neighbours of odd lengths", () => {
    const { memory, gradients } = mirrored(
      Array.from({ length: 1000 }, (_, index) => 1 + 2 * (index % 30)),
      false,
    );
    const dispatches = dispatchesOf(memory, gradients);
    expect(dispatches).toHaveLength(1);
    expect(rowsOf(dispatches[0]!)).toHaveLength(1000);
  });

  it("of one large tensor take windows within the limit: 128 MiB of parameters with two slots need two of state", () => {
    const length = 2 ** 25;
    const { memory, gradients } = mirrored([length], false);
    const placement = placementOf(memory);
    expect(placement.bufferBytes).toEqual([2 ** 27, 2 ** 27]);
    const plan = planOf({ ...memory, limits: { ...ROOMY, chunkLength: 2 ** 20 } }, gradients) as Dispatch[];
    expect(plan.map(({ stateBuffer }) => stateBuffer)).toEqual([0, 1]);
    expect(plan.map((dispatch) => rowsOf(dispatch).length)).toEqual([16, 16]);
    expect(plan.map(({ param }) => param)).toEqual([
      { start: 0, end: 2 ** 26 },
      { start: 2 ** 26, end: 2 ** 27 },
    ]);
  });

  it("of no element take no state and no dispatch", () => {
    const { memory, gradients } = mirrored([0, 0], false);
    expect(placementOf(memory)).toEqual({ pieces: [], bufferBytes: [] });
    expect(planOf(memory, gradients)).toEqual([]);
  });
});

describe("parameter and gradient in one buffer", () => {
  /** One tensor of 1024 elements at an offset, its gradient at another. */
  const apart = (param: number, grad: number, maxBindingBytes: number) => {
    const memory: Memory = {
      tensors: [{ offset: param, length: 1024 }],
      padded: false,
      slotCount: 1,
      limits: { ...ROOMY, maxBindingBytes },
      paramBytes: Math.max(param, grad) + 4096,
    };
    const ranges = [{ buffer: 0, offset: grad, padded: false, shared: true }];
    return { memory, gradients: { ranges, bufferBytes: [memory.paramBytes] } };
  };

  it.each([
    [0, 65536],
    [65536, 0],
    [512, 65536 + 512],
  ])(
    "at bytes %i and %i are bound once when the span just fits, and refused when it does not",
    (param, grad) => {
      const fits = apart(param, grad, 65536 + 4096);
      const [dispatch, ...others] = dispatchesOf(fits.memory, fits.gradients);
      expect(others).toEqual([]);
      expect(dispatch).toMatchObject({ shared: true, param: dispatch!.grad });
      expect(dispatch!.param.end - dispatch!.param.start).toBe(65536 + 4096);
      const tooFar = apart(param, grad, 65536 + 4096 - 4);
      expect(planOf(tooFar.memory, tooFar.gradients)).toEqual({ tooFarApart: 0 });
    },
  );

  it("at bytes 252 and 65532 are refused for the 252 bytes that the binding's start is aligned down by", () => {
    const tooFar = apart(252, 65532, 65280 + 4096);
    expect(planOf(tooFar.memory, tooFar.gradients)).toEqual({ tooFarApart: 0 });
    const fits = apart(252, 65532, 65280 + 4096 + 252);
    expect(dispatchesOf(fits.memory, fits.gradients)).toHaveLength(1);
  });

  it("are refused by name of the second tensor when only that one is too far from its gradient", () => {
    const { memory, gradients } = apart(0, 8192, 16384);
    const tensors = [...memory.tensors, { offset: 4096, length: 1024 }];
    const ranges = [...gradients.ranges, { buffer: 0, offset: 2 ** 20, padded: false, shared: true }];
    expect(planOf({ ...memory, tensors }, { ...gradients, ranges })).toEqual({ tooFarApart: 1 });
  });

  it("stand beside tensors whose gradients are elsewhere, in a dispatch of their own", () => {
    const { memory, gradients } = apart(0, 8192, 2 ** 27);
    const tensors = [...memory.tensors, { offset: 4096, length: 1024 }];
    const ranges = [...gradients.ranges, { buffer: 1, offset: 4, padded: false, shared: false }];
    const mixed = { ranges, bufferBytes: [memory.paramBytes, 4100] };
    const dispatches = dispatchesOf({ ...memory, tensors }, mixed);
    expect(dispatches.map(({ shared }) => shared)).toEqual([true, false]);
  });
});

describe("the model of the kernel", () => {
  const { memory, gradients } = mirrored([100, 64, 5], false);

  it.each<[string, (segments: Uint32Array) => Uint32Array, string]>([
    ["a parameter off by one", (words) => words.with(0, 1), "is stepped by the gradient at"],
    ["a gradient off by one", (words) => words.with(1, 1), "is stepped by the gradient at"],
    ["a state off by one", (words) => words.with(2, 1), "is stepped with the state of"],
    ["a row too short", (words) => words.with(3, 99), "element 99 is not stepped"],
    ["a row too long", (words) => words.with(3, 101), "element 100 is stepped"],
    ["a row twice", (words) => words.slice().copyWithin(SEGMENT_WORDS, 0, SEGMENT_WORDS), "written twice"],
    ["a row past the end", (words) => words.with(SEGMENT_WORDS + 3, 170), "leaves the param window"],
    ["a row that is another's", (words) => words.with(4, 1), "written twice"],
  ])("finds %s", (_, change, message) => {
    const [dispatch] = dispatchesOf(memory, gradients);
    const segments = Uint32Array.from(change(dispatch!.segments));
    expect(() => {
      checkPlan(memory, gradients, [{ ...dispatch!, segments }]);
    }).toThrow(message);
  });
});

describe("workgroupGrid", () => {
  it.each([
    [1, [1, 1]],
    [65535, [65535, 1]],
    [65536, [32768, 2]],
    [131070, [65535, 2]],
    [131071, [43691, 3]],
    [65535 * 65535, [65535, 65535]],
  ])("lays %i rows out as %j", (rows, grid) => {
    expect(workgroupGrid(rows, 65535)).toEqual(grid);
  });

  it("covers all rows, wastes less than one row of workgroups, and stays within both dimensions", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (max, part) => {
          const rows = Math.max(1, Math.floor(part * max * Math.min(max, 1000)));
          const [x, y] = workgroupGrid(rows, max);
          expect(x).toBeLessThanOrEqual(max);
          expect(y).toBeLessThanOrEqual(max);
          expect(x * y).toBeGreaterThanOrEqual(rows);
          expect(x * y - rows).toBeLessThan(y);
        },
      ),
      { seed: SEED, numRuns: 2000 },
    );
  });
});
