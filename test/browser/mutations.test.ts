// Checks that can fail: each mutation of the shader text must break the bounds that the unchanged text keeps.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Optimizer } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { randomStart, regimes } from "../../src/conformance/inputs";
import { Random } from "../../src/conformance/random";
import { measureStep } from "../../src/conformance/one-step";
import type { Measurement } from "../../src/conformance/report";
import { Scratch } from "../../src/conformance/scratch";
import type { AnyRule } from "../../src/conformance/variants";
import { requestDevice } from "../support/gpu";

import { mutations, kernelMutations } from "../support/mutations";
import { allRules } from "../support/rules";

let device: GPUDevice;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => {
  device.destroy();
});

/** What one step of a rule, the 21st of 257 elements of about 1, measures beyond its bound. */
async function violations(rule: AnyRule): Promise<Measurement[]> {
  const scratch = new Scratch(device);
  const near = { name: "of about 1", scale: 1, gradient: regimes[0]!.gradient };
  try {
    const start = randomStart(rule, 257, { step: 20, regime: near, gradScale: 0.5, seed: 3 });
    const measurements = await measureStep(scratch, rule, start);
    return measurements.filter(({ error, bound }) => !(error <= bound));
  } finally {
    scratch.destroy();
  }
}

for (const { name, make } of allRules) {
  describe(name, () => {
    for (const [what, find, replacement, options] of mutations[name] ?? []) {
      it(`is caught when it ${what} ${options ? JSON.stringify(options) : ""}`, async () => {
        const rule = make(options);
        const text = rule.wgsl(rule.defaults);
        const code = text.indexOf("fn update");
        const mutated = text.slice(0, code) + text.slice(code).replace(find, replacement);
        expect(mutated, "the mutation must change the text").not.toBe(text);
        expect(await violations(rule), "unchanged").toEqual([]);
        expect(await violations({ ...rule, wgsl: () => mutated }), "mutated").not.toEqual([]);
      });
    }

    it("has mutations of its own", () => {
      expect(mutations[name]?.length).toBeGreaterThan(5);
    });
  });
}

/** Elements that two Adam steps leave wrong, of tensors and of what lies between them. */
async function wrongElements(rule: AnyRule): Promise<number> {
  const scratch = new Scratch(device);
  const random = new Random(9);
  const [initial, gradients] = [random.normals(700), random.normals(700)];
  const [param, grad] = [scratch.buffer(initial), scratch.buffer(gradients)];
  const tensors = [
    { at: 3, length: 256, gradAt: 10 },
    { at: 300, length: 299, gradAt: 320 },
  ];
  const part = (buffer: GPUBuffer, at: number, length: number) => ({
    buffer,
    offset: at * 4,
    size: length * 4,
  });
  const optimizer = await Optimizer.create(
    device,
    tensors.map(({ at, length, gradAt }) => ({
      param: part(param, at, length),
      grad: part(grad, gradAt, length),
    })),
    rule,
  );
  const expected = Float64Array.from(initial);
  const reference = new ReferenceOptimizer(
    tensors.map(({ at, length, gradAt }) => ({
      param: expected.subarray(at, at + length),
      grad: gradients.slice(gradAt, gradAt + length),
    })),
    rule,
  );
  for (const stepped of [optimizer, reference, optimizer, reference]) stepped.step();
  const actual = await scratch.read(param);
  optimizer.destroy();
  scratch.destroy();
  return actual.filter((value, i) => Math.abs(value - expected[i]!) > 1e-6).length;
}

describe("the kernel around the rules", () => {
  it.each(kernelMutations.map(([what, find, replacement], index) => ({ what, find, replacement, index })))(
    "is caught when it $what",
    async ({ find, replacement, index }) => {
      const create = device.createShaderModule.bind(device);
      const plain = allRules[0]!.make({ lr: 0.1 });
      // A text of its own, so that the kernel is not taken from the cache.
      const rule = { ...plain, wgsl: () => `${plain.wgsl(plain.defaults)}\n// mutation ${index}` };
      let changed = false;
      device.createShaderModule = (descriptor) => {
        const code = descriptor.code.replace(find, replacement);
        changed ||= code !== descriptor.code;
        return create({ ...descriptor, code });
      };
      try {
        expect(await wrongElements(plain), "unchanged").toBe(0);
        expect(await wrongElements(rule), "mutated").toBeGreaterThan(0);
        expect(changed, "the mutation must change the text").toBe(true);
      } finally {
        device.createShaderModule = create;
      }
    },
  );
});
