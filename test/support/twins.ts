// The same model on the GPU and in float64, stepped by the same calls.
import { Optimizer } from "webgpu-optim";
import type { OptimizerOptions, ParamGroupInput, RuleOptions, UpdateRule } from "webgpu-optim";
import { ReferenceOptimizer, type ReferenceParameter } from "webgpu-optim/reference";
import type { Gpu } from "./gpu";
import { Random } from "./random";

/** Lengths of a group's tensors, and its options. */
export type Group = { lengths: number[]; frozen?: boolean } & Record<string, unknown>;

/** Makes both over random parameters; gradients are set for both at once. */
export async function twins<O extends RuleOptions>(
  gpu: Gpu,
  rule: UpdateRule<O>,
  options: OptimizerOptions,
  groups: Group[],
) {
  const random = new Random(7);
  const pairs = groups.map(({ lengths }) =>
    lengths.map((length) => {
      const initial = random.normals(length);
      const reference: ReferenceParameter = {
        param: Float64Array.from(initial),
        grad: new Float32Array(length),
      };
      return { gpu: { param: gpu.buffer(initial), grad: gpu.buffer(length) }, reference };
    }),
  );
  const inputs = <P>(pick: (pair: (typeof pairs)[number][number]) => P) =>
    groups.map(({ lengths, ...rest }, index) => ({
      ...rest,
      params: lengths.map((_, tensor) => pick(pairs[index]![tensor]!)),
    }));
  const optimizer = await Optimizer.create(
    gpu.device,
    inputs((pair) => pair.gpu) as unknown as ParamGroupInput<O>[],
    rule,
    options,
  );
  const reference = new ReferenceOptimizer<O>(inputs((pair) => pair.reference) as never, rule, options);
  const all = pairs.flat();
  return {
    optimizer,
    reference,
    all,
    /** Gradients of every tensor, as a function of group, tensor and element. */
    setGradients(value: (group: number, tensor: number, element: number) => number) {
      pairs.forEach((group, g) => {
        group.forEach((pair, t) => {
          for (let i = 0; i < pair.reference.grad.length; i++) pair.reference.grad[i] = value(g, t, i);
          gpu.write(pair.gpu.grad, pair.reference.grad);
        });
      });
    },
    step(stepOptions: { gradScale?: number } = {}) {
      optimizer.step(stepOptions);
      reference.step(stepOptions);
    },
    /** Largest difference of a parameter. */
    async difference() {
      let worst = 0;
      for (const { gpu: buffers, reference: arrays } of all) {
        const values = await gpu.read(buffers.param);
        values.forEach((value, i) => {
          const difference = Math.abs(value - arrays.param[i]!);
          if (!(difference <= worst)) worst = difference;
        });
      }
      return worst;
    },
  };
}

// A clip factor is right to about 1e-6 (sums of squares in float32), and so are the updates it scales.
export const CLOSE = 1e-5;

/** Three tensors in two groups. */
export const GROUPS: Group[] = [{ lengths: [257, 1] }, { lengths: [70], lr: 0.02 }];
