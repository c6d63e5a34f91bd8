// What is stepped and cleared of an arena's memory when the caller gives slices of it, or parts of slices, on a device
// that only notes what it is asked.
import { describe, expect, it } from "vitest";
import { ParameterArena, type Parameter } from "webgpu-optim";
import { clearGradients } from "../../src/gpu/gradients";
import { GroupLaunch } from "../../src/gpu/group-launch";
import { Tensor } from "../../src/gpu/tensor";
import { rowsOf } from "../support/launch-model";

/** A device with the default limits that makes buffers without memory. */
function paperDevice(): GPUDevice {
  const limits = {
    maxBufferSize: 2 ** 28,
    maxStorageBufferBindingSize: 2 ** 27,
    minStorageBufferOffsetAlignment: 256,
  };
  const device = {
    limits,
    adapterInfo: { isFallbackAdapter: false },
    pushErrorScope: () => undefined,
    popErrorScope: () => Promise.resolve(null),
    createBuffer: ({ label, size, usage }: GPUBufferDescriptor) => ({
      label,
      size,
      usage,
      mapState: "unmapped",
    }),
  };
  return device as unknown as GPUDevice;
}

/** Elements of a buffer that are touched, as runs "first..last". */
const runsOf = (touched: ReadonlySet<number>) => {
  const elements = [...touched].sort((a, b) => a - b);
  const starts = elements.filter((element) => !touched.has(element - 1));
  const ends = elements.filter((element) => !touched.has(element + 1));
  return starts.map((start, i) => `${start}..${ends[i]}`);
};

/** Elements of the arena's two buffers that a step changes and that zeroGrad() clears. */
function touchedBy(device: GPUDevice, parameters: readonly Parameter[]) {
  const tensors = parameters.map((parameter, index) => new Tensor(parameter, String(index)));
  const setup = { label: "test", wgsl: "", slots: ["expAvg"], initial: {}, scalarCount: 1 };
  const launch = new GroupLaunch(device, setup, tensors);
  const stepped = new Set<number>();
  for (const dispatch of launch.units.flatMap((unit) => unit.plan())) {
    for (const { param, length } of rowsOf(dispatch)) {
      for (let i = 0; i < length; i++) stepped.add(dispatch.param.start / 4 + param + i);
    }
  }
  const cleared = new Set<number>();
  const encoder = {
    clearBuffer: (_: GPUBuffer, offset: number, size: number) => {
      for (let i = 0; i < size / 4; i++) cleared.add(offset / 4 + i);
    },
  };
  clearGradients(
    encoder as unknown as GPUCommandEncoder,
    launch.units.flatMap((unit) => unit.tensors),
  );
  return { stepped: runsOf(stepped), cleared: runsOf(cleared) };
}

describe("of an arena of 64, 10 and 70 elements, 64 elements a slice boundary", () => {
  const device = paperDevice();
  const make = () => new ParameterArena(device, { a: [64], b: [10], c: [70] });
  /** The first elements of a slice only. */
  const part = (parameter: Parameter, length: number): Parameter => {
    const { param, grad } = parameter as { param: GPUBufferBinding; grad: GPUBufferBinding };
    return { param: { ...param, size: length * 4 }, grad: { ...grad, size: length * 4 } };
  };

  it("all slices are one run, the padding between them with them", () => {
    expect(touchedBy(device, make().parameters)).toEqual({ stepped: ["0..197"], cleared: ["0..197"] });
  });

  it("slices that are not adjacent leave what is between them", () => {
    const [a, , c] = make().parameters;
    expect(touchedBy(device, [a!, c!])).toEqual({
      stepped: ["0..63", "128..197"],
      cleared: ["0..63", "128..197"],
    });
  });

  it("a part of a slice leaves the rest of it, though an adjacent slice follows", () => {
    const [a, b] = make().parameters;
    expect(touchedBy(device, [part(a!, 60), b!])).toEqual({
      stepped: ["0..59", "64..73"],
      cleared: ["0..59", "64..73"],
    });
  });

  it("one element of a slice leaves the other 63, though an adjacent slice follows", () => {
    const arena = new ParameterArena(device, { a: [64], b: [64] });
    const [a, b] = arena.parameters;
    expect(touchedBy(device, [part(a!, 1), b!])).toEqual({
      stepped: ["0..0", "64..127"],
      cleared: ["0..0", "64..127"],
    });
  });
});
