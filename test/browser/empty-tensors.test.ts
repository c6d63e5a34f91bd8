// Tensors without elements: legal anywhere, and no other tensor steps differently for them (pytorch 100701, where an empty
// tensor that came last kept the others from being stepped).
import { describe, expect } from "vitest";
import { Optimizer, adam } from "webgpu-optim";
import { it, type Gpu } from "../support/gpu";
import { makeModel, type Layout, type Memory, type Name } from "../support/model";
import { Random } from "../support/random";
import { rules } from "../support/rules";

const rule = rules[0]!.make({ lr: 0.01 });

describe("an empty tensor", () => {
  const filled: Name[] = ["w1", "w2", "b2"];
  const expectSame = async (gpu: Gpu, layout: Layout, memory: Memory) => {
    const [model, plain] = [
      await makeModel(gpu, rule, layout, memory),
      await makeModel(gpu, rule, [{ names: filled }], memory),
    ];
    for (const { train } of [model, plain]) train(1, 3);
    const [actual, expected] = [await model.values(), await plain.values()];
    for (const name of filled) expect(actual[name], name).toEqual(expected[name]);
    expect(model.optimizer.paramGroups.map(({ step }) => step)).toEqual(layout.map(() => 3));
    expect((await model.optimizer.stateDict()).state.none).toMatchObject({ expAvg: new Float32Array(0) });
    for (const { optimizer } of [model, plain]) optimizer.destroy();
  };
  const layouts: [string, Layout][] = [
    ["first", [{ names: ["none", ...filled] }]],
    ["in the middle", [{ names: ["w1", "none", "w2", "b2"] }]],
    ["last", [{ names: [...filled, "none"] }]],
    ["the only one of the first group", [{ names: ["none"] }, { names: filled }]],
    ["the only one of the last group", [{ names: filled }, { names: ["none"] }]],
  ];
  for (const [where, layout] of layouts) {
    for (const memory of ["separate buffers", "an arena"] as const) {
      it(`${where} leaves the others as they step without it, in ${memory}`, async ({ gpu }) => {
        await expectSame(gpu, layout, memory);
      });
    }
  }

  it("alone is stepped, saved and cleared", async ({ gpu }) => {
    const { optimizer } = await makeModel(gpu, rule, [{ names: ["none"] }]);
    optimizer.step();
    optimizer.zeroGrad();
    expect((await optimizer.stateDict()).groups[0]!.step).toBe(1);
    optimizer.destroy();
  });

  it("of one buffer, at its end and between others, leaves them as they are", async ({ gpu }) => {
    const random = new Random(3);
    const [start, gradient] = [random.normals(10), random.normals(10)];
    const run = async (ranges: [number, number][]) => {
      const [param, grad] = [gpu.buffer(start), gpu.buffer(gradient)];
      const part = (buffer: GPUBuffer, [first, length]: [number, number]) => ({
        buffer,
        offset: first * 4,
        size: length * 4,
      });
      const params = ranges.map((range) => ({ param: part(param, range), grad: part(grad, range) }));
      const optimizer = await Optimizer.create(gpu.device, params, adam({ lr: 0.1 }));
      optimizer.step();
      optimizer.destroy();
      return gpu.read(param);
    };
    const others: [number, number][] = [
      [0, 3],
      [5, 5],
    ];
    const stepped = await run(others);
    expect(await run([[3, 0], [10, 0], ...others, [0, 0]])).toEqual(stepped);
    expect(stepped.subarray(3, 5)).toEqual(start.subarray(3, 5));
  });
});
