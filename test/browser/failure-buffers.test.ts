// The failure contract, parameters: buffers, ranges, lengths, overlaps, names and groups, at create() and when a gradient
// is assigned later; with which words, and that nothing was done by then.
import { describe, expect } from "vitest";
import { Optimizer, OptionError, ParameterError, adam, type Parameter } from "webgpu-optim";
import { it, type Gpu } from "../support/gpu";
import { expectCreateRefused, expectRefused, watchCalls } from "../support/refusals";
import { rules } from "../support/rules";
import { expectStepRefused, stepped } from "../support/stepped";

const { STORAGE, COPY_DST, UNIFORM } = GPUBufferUsage;
const rule = rules[0]!.make();

/** What a parameter of 4 elements cannot be, and the message after `param of "w"` or `grad of "w"`. */
type BadSource = { what: string; source: (gpu: Gpu) => unknown; texts: string[] };

const mapped = (gpu: Gpu) =>
  gpu.own(gpu.device.createBuffer({ label: "weights", size: 16, usage: STORAGE, mappedAtCreation: true }));
const binding = (gpu: Gpu, rest: object) => ({ buffer: gpu.buffer(8), ...rest });
const noSource = (what: string, source: unknown, shown: string): BadSource => ({
  what,
  source: () => source,
  texts: [`must be a GPUBuffer or a { buffer, offset, size } of one, got ${shown}`],
});
const badOffset = (offset: unknown, shown: string): BadSource => ({
  what: `at offset ${shown}`,
  source: (gpu) => binding(gpu, { offset, size: 16 }),
  texts: [`offset must be a multiple of 4 bytes, at least 0, got ${shown}`],
});
const badSize = (size: unknown, shown: string): BadSource => ({
  what: `of size ${shown}`,
  source: (gpu) => binding(gpu, { size }),
  texts: [`size must be a multiple of 4 bytes, at least 0, got ${shown}`],
});

const badSources: BadSource[] = [
  noSource("undefined", undefined, "undefined"),
  noSource("null", null, "null"),
  noSource("a Float32Array", new Float32Array(4), "an object ([object Float32Array])"),
  noSource("a binding without buffer", { offset: 0, size: 16 }, "an object ([object Object])"),
  {
    what: "without the usage STORAGE",
    source: (gpu) => gpu.buffer(4, UNIFORM | COPY_DST),
    texts: ["lacks the usage STORAGE; create the buffer with GPUBufferUsage.STORAGE"],
  },
  {
    what: "mapped, with its label",
    source: mapped,
    texts: ['(buffer "weights") is mapped (mapState "mapped"); call unmap() first'],
  },
  {
    what: "part of a mapped buffer",
    source: (gpu) => ({ buffer: mapped(gpu), offset: 0, size: 16 }),
    texts: ["is mapped"],
  },
  badOffset(2, "2"),
  badOffset(-4, "-4"),
  badOffset(NaN, "NaN"),
  badOffset(4.5, "4.5"),
  badOffset("4", '"4" (string)'),
  badSize(14, "14"),
  badSize(-16, "-16"),
  badSize(NaN, "NaN"),
  badSize("16", '"16" (string)'),
  {
    what: "a buffer of 18 bytes",
    source: (gpu) => gpu.own(gpu.device.createBuffer({ size: 18, usage: STORAGE })),
    texts: ["size must be a multiple of 4 bytes, at least 0, got 18"],
  },
  {
    what: "past the end of its buffer by offset and size",
    source: (gpu) => binding(gpu, { offset: 20, size: 16 }),
    texts: ["ends at byte 36 (offset 20 + size 16), past the end of its buffer of 32 bytes"],
  },
  {
    what: "larger than its buffer",
    source: (gpu) => binding(gpu, { size: 36 }),
    texts: ["ends at byte 36", "past the end of its buffer of 32 bytes"],
  },
  {
    what: "at an offset past the end of its buffer",
    source: (gpu) => binding(gpu, { offset: 64 }),
    texts: ["offset 64", "past the end of its buffer of 32 bytes"],
  },
];

const lengths = [
  [3, 'grad of "w" has 3 elements (12 bytes), its param has 4 (16 bytes)'],
  [5, 'grad of "w" has 5 elements (20 bytes), its param has 4 (16 bytes)'],
  [0, 'grad of "w" has 0 elements (0 bytes), its param has 4 (16 bytes)'],
] as const;

describe("a parameter at create()", () => {
  for (const { what, source, texts } of badSources) {
    for (const key of ["param", "grad"] as const) {
      it(`is refused with a ${key} that is ${what}`, async ({ gpu }) => {
        const legal = { name: "w", param: gpu.buffer(4), grad: gpu.buffer(4) };
        const other = { param: gpu.buffer(1), grad: gpu.buffer(1) };
        const params = [other, { ...legal, [key]: source(gpu) }];
        await expectCreateRefused(gpu, { params }, ParameterError, `${key} of "w"`, ...texts);
      });
    }
  }

  for (const [length, message] of lengths) {
    it(`is refused with a gradient of ${length} elements for 4`, async ({ gpu }) => {
      const params = [{ name: "w", param: gpu.buffer(4), grad: gpu.buffer(length) }];
      await expectCreateRefused(gpu, { params }, ParameterError, message);
    });
  }

  it("is accepted once the mapped buffer is unmapped", async ({ gpu }) => {
    const param = mapped(gpu);
    param.unmap();
    const optimizer = await Optimizer.create(gpu.device, [{ param, grad: gpu.buffer(4) }], adam());
    optimizer.destroy();
  });
});

/** Elements from `first` on of a buffer. */
const part = (buffer: GPUBuffer, first: number, length: number) => ({
  buffer,
  offset: first * 4,
  size: length * 4,
});

describe("overlapping ranges", () => {
  type Ranges = { param: [number, number]; grad?: [number, number] };
  /** Parameters "a" and "b" over one buffer of 40 elements; a gradient without a range has a buffer of its own. */
  const parameters = (gpu: Gpu, a: Ranges, b: Ranges): [Parameter, Parameter] => {
    const buffer = gpu.buffer(40);
    const make = (name: string, { param, grad }: Ranges) => ({
      name,
      param: part(buffer, ...param),
      grad: grad ? part(buffer, ...grad) : gpu.buffer(param[1]),
    });
    return [make("a", a), make("b", b)];
  };
  const a: Ranges = { param: [8, 8] };
  const paramOverlaps = (other: string) => `param of "b" overlaps the param of "${other}"`;
  const cases: [string, Ranges, Ranges, string][] = [
    ["a param equal to another", a, { param: [8, 8] }, paramOverlaps("a")],
    ["a param that shares the first element of another", a, { param: [5, 4] }, paramOverlaps("a")],
    ["a param that shares the last element of another", a, { param: [15, 4] }, paramOverlaps("a")],
    ["a param inside another", a, { param: [10, 2] }, paramOverlaps("a")],
    ["a param around another", a, { param: [4, 20] }, paramOverlaps("a")],
    ["a grad equal to its param", a, { param: [20, 4], grad: [20, 4] }, 'grad of "b" overlaps its own param'],
    [
      "a grad that shares the last element of its param",
      a,
      { param: [20, 4], grad: [23, 4] },
      "its own param",
    ],
    [
      "a grad that shares the first element of its param",
      a,
      { param: [20, 4], grad: [17, 4] },
      "its own param",
    ],
    [
      "a grad over the param before",
      a,
      { param: [20, 4], grad: [12, 4] },
      'grad of "b" overlaps the param of "a"; gradients must lie in memory of their own',
    ],
    [
      "a grad that shares one element with the param after",
      { param: [8, 4], grad: [17, 4] },
      { param: [20, 4] },
      'grad of "a" overlaps the param of "b"',
    ],
  ];
  for (const [what, first, second, message] of cases) {
    it(`refuse ${what}, in one group, across groups and in addParamGroup()`, async ({ gpu }) => {
      const pair = parameters(gpu, first, second);
      await expectCreateRefused(gpu, { params: pair }, ParameterError, message);
      const params = pair.map((parameter) => ({ params: [parameter] }));
      await expectCreateRefused(gpu, { params }, ParameterError, message);

      if (message.includes("its own")) return;
      const optimizer = await Optimizer.create(gpu.device, [pair[0]], adam());
      const calls = watchCalls(gpu.device);
      await expectRefused(() => optimizer.addParamGroup({ params: [pair[1]] }), ParameterError, message);
      expect(calls.stop()).toEqual([]);
      expect(optimizer.paramGroups).toHaveLength(1);
      optimizer.destroy();
    });
  }

  const legal: [string, Ranges, Ranges][] = [
    ["a param right after another", a, { param: [16, 4] }],
    ["a param right before another", a, { param: [4, 4] }],
    ["a grad between two params", a, { param: [20, 4], grad: [16, 4] }],
    ["grads that share elements", { param: [8, 4], grad: [20, 4] }, { param: [12, 4], grad: [22, 4] }],
    ["an empty param inside another", a, { param: [10, 0] }],
  ];
  for (const [what, first, second] of legal) {
    it(`allow ${what}`, async ({ gpu }) => {
      const optimizer = await Optimizer.create(gpu.device, parameters(gpu, first, second), adam());
      optimizer.step();
      optimizer.destroy();
    });
  }
});

describe("names and groups", () => {
  const make = (gpu: Gpu, rest: object = {}) => ({ param: gpu.buffer(2), grad: gpu.buffer(2), ...rest });
  const cases: [string, (gpu: Gpu) => unknown, string][] = [
    ["no array", (gpu) => make(gpu), "params must be an array, got an object ([object Object])"],
    ["undefined", () => undefined, "params must be an array, got undefined"],
    ["no parameters", () => [], "params is empty; give at least one parameter"],
    ["an empty group", () => [{ params: [] }], "adam: param group 0 has no parameters"],
    [
      "an empty second group",
      (gpu) => [{ params: [make(gpu)] }, { params: [] }],
      "adam: param group 1 has no parameters",
    ],
    [
      "a group whose params are no array",
      (gpu) => [{ params: [make(gpu)] }, { params: make(gpu) }],
      "param group 1",
    ],
    ["null among the parameters", () => [null], "params[0] of param group 0 must be an object"],
    [
      "undefined among the parameters of a group",
      (gpu) => [{ params: [make(gpu), undefined] }],
      "params[1] of param group 0 must be an object with param and grad, got undefined",
    ],
    [
      "parameters beside groups",
      (gpu) => [make(gpu), { params: [make(gpu)] }],
      "params mixes parameters and param groups; give one kind",
    ],
    [
      "a name that is a number",
      (gpu) => [make(gpu, { name: 1 })],
      "must be a string that is not empty, got 1",
    ],
    ["an empty name", (gpu) => [make(gpu, { name: "" })], "the name of params[0] of param group 0 must be"],
    [
      "the same name twice in a group",
      (gpu) => [make(gpu, { name: "w" }), make(gpu), make(gpu, { name: "w" })],
      'adam: the name "w" of params[2] of param group 0 is taken; names are unique in an optimizer',
    ],
    [
      "the same name twice across groups",
      (gpu) => [{ params: [make(gpu, { name: "w" })] }, { params: [make(gpu, { name: "w" })] }],
      'the name "w" of params[0] of param group 1 is taken',
    ],
    [
      "a name equal to another's default",
      (gpu) => [{ params: [make(gpu, { name: "1.0" })] }, { params: [make(gpu)] }],
      'the name "1.0" of params[0] of param group 1 is taken',
    ],
  ];
  for (const [what, params, message] of cases) {
    it(`refuse ${what}`, async ({ gpu }) => {
      await expectCreateRefused(gpu, { params: params(gpu) }, ParameterError, message);
    });
  }

  it('refuse frozen: "no"', async ({ gpu }) => {
    const params = [{ params: [make(gpu)] }, { params: [make(gpu)], frozen: "no" }];
    const message = 'adam: frozen must be true or false, got "no" (string) (param group 1)';
    await expectCreateRefused(gpu, { params }, OptionError, message);
  });

  it('refuse frozen: "no" assigned to a group, at step()', async ({ gpu }) => {
    const running = await stepped(gpu, rule);
    const group = running.options(1);
    const mistake = { make: () => (group.frozen = "no"), undo: () => (group.frozen = false) };
    await expectStepRefused(
      gpu,
      running,
      mistake,
      OptionError,
      'frozen must be true or false, got "no" (string)',
    );
    running.optimizer.destroy();
  });

  it('are "<group>.<index>" by default', async ({ gpu }) => {
    const groups = [{ params: [make(gpu), make(gpu, { name: "w" }), make(gpu)] }, { params: [make(gpu)] }];
    const optimizer = await Optimizer.create(gpu.device, groups, adam());
    await optimizer.addParamGroup({ params: [make(gpu), make(gpu)] });
    const { groups: saved } = await optimizer.stateDict();
    expect(saved.map(({ params }) => params)).toEqual([["0.0", "w", "0.2"], ["1.0"], ["2.0", "2.1"]]);
    optimizer.destroy();
  });

  for (const [what, group] of [
    ["undefined", () => undefined],
    ["null", () => null],
    ["an empty group", () => ({ params: [] })],
    ["a name that is taken", (gpu) => ({ params: [make(gpu, { name: "c" })] })],
    ["a mapped buffer", (gpu) => ({ params: [{ param: mapped(gpu), grad: gpu.buffer(4) }] })],
  ] as [string, (gpu: Gpu) => unknown][]) {
    it(`refuse ${what} in addParamGroup(), and the optimizer steps on`, async ({ gpu }) => {
      const running = await stepped(gpu, rule);
      const { optimizer, snapshot } = running;
      const [before, input] = [await snapshot(), group(gpu)];
      const calls = watchCalls(gpu.device);
      await expectRefused(() => optimizer.addParamGroup(input as never), ParameterError);
      expect(calls.stop(), "calls on the device").toEqual([]);
      expect(optimizer.paramGroups).toHaveLength(2);
      expect(await snapshot()).toEqual(before);
      await optimizer.addParamGroup({ params: [make(gpu, { name: "d" })] });
      optimizer.step();
      expect(optimizer.paramGroups.map(({ step }) => step)).toEqual([2, 2, 1]);
      optimizer.destroy();
    });
  }
});
