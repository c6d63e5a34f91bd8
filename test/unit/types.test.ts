// What must typecheck, and what must not: checked by the compiler, run for form.
import { describe, expectTypeOf, it } from "vitest";
import { adam, sgd, Optimizer } from "webgpu-optim";
import type {
  AdamOptions,
  AnyStateDict,
  ParamGroup,
  Parameter,
  RuleOptions,
  StateDict,
  UpdateRule,
} from "webgpu-optim";
import { ReferenceOptimizer, type ReferenceParameter } from "webgpu-optim/reference";

describe("types", () => {
  it("let a rule be chosen at run time", () => {
    expectTypeOf<UpdateRule<AdamOptions>>().toExtend<UpdateRule<RuleOptions>>();
    const choose = (fast: boolean): UpdateRule<RuleOptions> => (fast ? sgd() : adam());
    const make = (device: GPUDevice, params: Parameter[], fast: boolean) =>
      Optimizer.create(device, params, choose(fast));
    expectTypeOf(make).returns.resolves.toExtend<Optimizer<RuleOptions>>();
    const reference = (params: ReferenceParameter[], fast: boolean) =>
      new ReferenceOptimizer(params, choose(fast));
    expectTypeOf(reference).returns.toExtend<ReferenceOptimizer<RuleOptions>>();
  });

  it("let undefined be passed on, and group options be those of the rule", () => {
    const use = async (device: GPUDevice, params: Parameter[], encoder: GPUCommandEncoder | undefined) => {
      const lr: number | undefined = undefined;
      const options = { label: undefined, clipGradNorm: undefined };
      const optimizer = await Optimizer.create(
        device,
        [{ params, weightDecay: 0.1, lr }],
        adam({ lr }),
        options,
      );
      optimizer.step({ encoder, gradScale: undefined });
      optimizer.zeroGrad({ encoder });
      optimizer.paramGroups[0]!.lr = 3e-4;
      optimizer.paramGroups[0]!.lr = (step) => 1 / (1 + step);
      // @ts-expect-error momentum is no option of adam
      await Optimizer.create(device, [{ params, momentum: 0.9 }], adam());
      return optimizer;
    };
    expectTypeOf(use).returns.resolves.toEqualTypeOf<Optimizer<AdamOptions>>();
    expectTypeOf<ParamGroup<AdamOptions>["betas"]>().toEqualTypeOf<[number, number]>();
  });

  it("let a state of float64 be loaded where one of float32 is saved", () => {
    expectTypeOf<StateDict>().toExtend<AnyStateDict>();
    expectTypeOf<StateDict<Float64Array>>().toExtend<AnyStateDict>();
  });
});
