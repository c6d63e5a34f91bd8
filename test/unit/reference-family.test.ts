// Facts of the literature about the rules beside Adam, which the float64 reference must show.
import { describe, expect, it } from "vitest";
import {
  adagrad,
  nadam,
  radam,
  rmsprop,
  sgd,
  StateDictError,
  type RuleOptions,
  type UpdateRule,
} from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
import { Random } from "../support/random";
import { allRules, describeOptions, structuresOf } from "../support/rules";

/** A one-element optimizer: what each step subtracts from the parameter, as the gradients come. */
function stepper<O extends RuleOptions>(rule: UpdateRule<O>, start = 0) {
  const parameter = { name: "w", param: Float64Array.of(start), grad: new Float64Array(1) };
  const optimizer = new ReferenceOptimizer([parameter], rule);
  const step = (gradient: number): number => {
    const before = parameter.param[0]!;
    parameter.grad[0] = gradient;
    optimizer.step();
    return before - parameter.param[0]!;
  };
  const slot = (name: string): number => optimizer.stateDict().state.w![name]![0]!;
  return { optimizer, step, slot, value: () => parameter.param[0]! };
}

describe("SGD", () => {
  it("takes the first gradient undampened, later ones by 1 − dampening", () => {
    const { step, slot } = stepper(sgd({ lr: 1, momentum: 0.5, dampening: 0.75 }));
    expect([step(4), slot("momentumBuffer")]).toEqual([4, 4]);
    expect([step(4), slot("momentumBuffer")]).toEqual([3, 3]);
    expect([step(4), slot("momentumBuffer")]).toEqual([2.5, 2.5]);
  });

  it("does not dampen without momentum", () => {
    const { step } = stepper(sgd({ lr: 1, dampening: 0.75 }));
    expect([step(4), step(4)]).toEqual([4, 4]);
  });

  it("looks ahead with nesterov: g + momentum·b, where heavy ball moves by b", () => {
    const [heavy, nesterov] = [false, true].map((on) => stepper(sgd({ lr: 1, momentum: 0.5, nesterov: on })));
    expect([heavy!.step(4), heavy!.step(4)]).toEqual([4, 6]);
    expect([nesterov!.step(4), nesterov!.step(4)]).toEqual([6, 7]);
    expect(nesterov!.slot("momentumBuffer")).toBe(heavy!.slot("momentumBuffer"));
  });

  it("grows to lr·g / (1 − momentum) under a constant gradient", () => {
    const { step } = stepper(sgd({ lr: 0.5, momentum: 0.75 }));
    for (let t = 0; t < 200; t++) step(1);
    expect(step(1)).toBeCloseTo(2, 12);
  });

  it("puts the decay into the buffer, and maximize before the decay", () => {
    const { step, slot } = stepper(sgd({ lr: 1, momentum: 0.5, weightDecay: 0.5, maximize: true }), 4);
    expect(step(3)).toBe(-1);
    expect(slot("momentumBuffer")).toBe(-3 + 0.5 * 4);
  });
});

describe("Adagrad", () => {
  it("moves by lr against the sign of the first gradient, then by lr / √t under a constant one", () => {
    const { step } = stepper(adagrad({ lr: 0.5, eps: 0 }));
    for (let t = 1; t <= 20; t++) expect(step(-3)).toBeCloseTo(-0.5 / Math.sqrt(t), 14);
  });

  it("fills its sum with initialAccumulatorValue before the first step, and adds to it", () => {
    const { step, slot } = stepper(adagrad({ lr: 1, eps: 0, initialAccumulatorValue: 7 }));
    expect(slot("sum")).toBe(7);
    expect(step(3)).toBe(3 / 4);
    expect(slot("sum")).toBe(16);
  });

  it("fills it by group, and in a group that is added", () => {
    const tensor = (name: string) => ({ name, param: new Float64Array(3), grad: new Float64Array(3) });
    const groups = [{ params: [tensor("a")] }, { params: [tensor("b")], initialAccumulatorValue: 2 }];
    const optimizer = new ReferenceOptimizer(groups, adagrad({ initialAccumulatorValue: 1 }));
    optimizer.addParamGroup({ params: [tensor("c")], initialAccumulatorValue: 3 });
    const { state } = optimizer.stateDict();
    expect(["a", "b", "c"].map((name) => [...state[name]!.sum!])).toEqual([1, 2, 3].map((v) => [v, v, v]));
  });

  it("does not heed a later change of initialAccumulatorValue, before the first step or after", () => {
    const { optimizer, step, slot } = stepper(adagrad({ lr: 1, eps: 0, initialAccumulatorValue: 7 }));
    const group = optimizer.paramGroups[0]!;
    group.initialAccumulatorValue = 100;
    expect(slot("sum")).toBe(7);
    step(3);
    group.initialAccumulatorValue = 0;
    step(3);
    expect(slot("sum")).toBe(25);
  });

  it("keeps a loaded sum, whatever initialAccumulatorValue was", () => {
    const saved = stepper(adagrad({ initialAccumulatorValue: 7 }));
    saved.step(3);
    const loading = stepper(adagrad({ initialAccumulatorValue: 1 }));
    loading.optimizer.loadStateDict(saved.optimizer.stateDict());
    expect(loading.slot("sum")).toBe(16);
    expect(loading.optimizer.paramGroups[0]!.initialAccumulatorValue).toBe(7);
  });

  it("lowers the learning rate as 1 / (1 + (t − 1)·lrDecay), from the second step on", () => {
    const [plain, decaying] = [0, 0.25].map((lrDecay) => stepper(adagrad({ lr: 1, lrDecay })));
    for (let t = 1; t <= 9; t++) {
      expect(decaying!.step(t) * (1 + (t - 1) * 0.25)).toBeCloseTo(plain!.step(t), 14);
    }
  });
});

describe("RMSprop", () => {
  it("adds eps outside the root: lr·g / (√((1 − alpha)·g²) + eps) in the first step", () => {
    const { step } = stepper(rmsprop({ lr: 1, alpha: 0.75, eps: 1 }));
    expect(step(4)).toBe(4 / (2 + 1));
  });

  it("divides by the deviation when centered: (1 − alpha)·alpha·g² in the first step", () => {
    const { step, slot } = stepper(rmsprop({ lr: 1, alpha: 0.75, eps: 0, centered: true }));
    expect(step(4)).toBeCloseTo(4 / Math.sqrt(4 - 1), 14);
    expect([slot("squareAvg"), slot("gradAvg")]).toEqual([4, 1]);
  });

  it.each([0, 1e-8, 1e-3])(
    "centered stays finite under a constant gradient for 20 000 steps with eps %f",
    (eps) => {
      const { step, slot, value } = stepper(rmsprop({ alpha: 0.9, eps, centered: true, momentum: 0.9 }));
      for (let t = 0; t < 20_000; t++) step(0.1);
      for (const number of [value(), slot("squareAvg"), slot("gradAvg"), slot("momentumBuffer")]) {
        expect(Number.isFinite(number)).toBe(true);
      }
    },
  );

  it("gathers quotients in its buffer, not gradients, and the learning rate outside it", () => {
    const { optimizer, step, slot } = stepper(rmsprop({ lr: 1, alpha: 0, eps: 0, momentum: 0.5 }));
    expect([step(1e6), slot("momentumBuffer")]).toEqual([1, 1]);
    optimizer.paramGroups[0]!.lr = 0.25;
    // alpha 0: every quotient is the sign.
    const before = slot("momentumBuffer");
    expect(step(1e-6)).toBeCloseTo(0.25 * (0.5 * before + 1), 9);
  });
});

describe("NAdam", () => {
  const options = { lr: 1e-2, momentumDecay: 0.1 };
  const mu = (t: number) => 0.9 * (1 - 0.5 * 0.96 ** (t * 0.1));
  const gradients = Array.from({ length: 30 }, (_, t) => new Random(t + 1).normal());

  it("saves memory.muProduct: the product of its momenta so far, 1 before the first step", () => {
    const { optimizer, step } = stepper(nadam(options));
    let product = 1;
    expect(optimizer.stateDict().groups[0]!.memory).toEqual({ muProduct: 1 });
    for (let t = 1; t <= 10; t++) {
      step(t);
      product *= mu(t);
      expect(optimizer.stateDict().groups[0]!.memory!.muProduct).toBeCloseTo(product, 14);
    }
  });

  it("first moves by lr·((1 − μ1)/(1 − μ1)·g + μ2/(1 − μ1·μ2)·m) / |g|", () => {
    const { step } = stepper(nadam({ ...options, eps: 0 }));
    expect(step(-2)).toBeCloseTo(-1e-2 * (1 + (mu(2) * 0.1) / (1 - mu(1) * mu(2))), 15);
  });

  it.each([0, 1, 13])("goes on after saving and loading at step %i as if uninterrupted, to the bit", (at) => {
    const whole = stepper(nadam(options), 1);
    const first = stepper(nadam(options), 1);
    for (const gradient of gradients) whole.step(gradient);
    for (const gradient of gradients.slice(0, at)) first.step(gradient);
    const resumed = stepper(nadam(), first.value());
    resumed.optimizer.loadStateDict(structuredClone(first.optimizer.stateDict()));
    for (const gradient of gradients.slice(at)) resumed.step(gradient);
    expect(resumed.value()).toBe(whole.value());
    expect(resumed.optimizer.stateDict()).toEqual(whole.optimizer.stateDict());
  });

  it("keeps a product for each group, and none of a frozen one", () => {
    const tensor = (name: string) => ({ name, param: new Float64Array(1), grad: Float64Array.of(1) });
    const groups = [{ params: [tensor("a")] }, { params: [tensor("b")], frozen: true }];
    const optimizer = new ReferenceOptimizer(groups, nadam(options));
    optimizer.step();
    const products = optimizer.stateDict().groups.map(({ memory }) => memory!.muProduct);
    expect(products).toEqual([mu(1), 1]);
  });

  it("depends on the product: without it the next step is another", () => {
    const runs = [true, false].map((kept) => {
      const first = stepper(nadam(options));
      for (const gradient of gradients.slice(0, 5)) first.step(gradient);
      const saved = first.optimizer.stateDict();
      if (!kept) saved.groups[0]!.memory = { muProduct: 1 };
      const resumed = stepper(nadam());
      resumed.optimizer.loadStateDict(saved);
      return resumed.step(1);
    });
    expect(Math.abs(runs[0]! - runs[1]!)).toBeGreaterThan(1e-4);
  });

  it.each<[string, Record<string, unknown> | undefined, string]>([
    ["no memory", undefined, "undefined"],
    ["a memory without it", {}, "undefined"],
    ["NaN", { muProduct: NaN }, "NaN"],
    ["a string", { muProduct: "0.5" }, '"0.5" (string)'],
  ])("refuses a state with %s, naming it, and changes nothing", (_, memory, shown) => {
    const { optimizer, step } = stepper(nadam(options));
    step(1);
    const before = optimizer.stateDict();
    const saved = structuredClone(before);
    saved.groups[0]!.step = 9;
    saved.state.w!.expAvg![0] = 5;
    if (memory) saved.groups[0]!.memory = memory as Record<string, number>;
    else delete saved.groups[0]!.memory;
    const load = () => {
      optimizer.loadStateDict(saved);
    };
    expect(load).toThrow(StateDictError);
    expect(load).toThrow(`memory.muProduct of param group 0 must be a finite number, got ${shown}`);
    expect(optimizer.stateDict()).toEqual(before);
  });
});

describe("RAdam", () => {
  it("moves by lr·m / (1 − beta1^t) in steps 1 to 5 at beta2 0.999, and rectified from step 6 on", () => {
    const { step, slot } = stepper(radam({ lr: 1 }));
    for (let t = 1; t <= 5; t++) expect(step(100)).toBeCloseTo(slot("expAvg") / (1 - 0.9 ** t), 10);
    // The rectified step is of Adam's size, 1, times the rectifier: far from 100.
    expect(step(100)).toBeCloseTo(0.0258, 3);
  });

  it.each([
    [6, 0.0258, 4],
    [10, 0.049, 3],
    [100, 0.215, 3],
    [1000, 0.645, 3],
    [5000, 0.983, 3],
  ])("moves at step %i by %f of Adam's lr under a constant gradient", (t, expected, digits) => {
    const { step } = stepper(radam({ lr: 1, eps: 0 }));
    for (let i = 1; i < t; i++) step(1);
    expect(step(1)).toBeCloseTo(expected, digits);
  });

  it.each([0, 0.5, 0.6])("never rectifies at beta2 %f, whose average is never long enough", (beta2) => {
    const { step, slot } = stepper(radam({ lr: 1, betas: [0.5, beta2] }));
    for (let t = 1; t <= 50; t++) expect(step(8)).toBeCloseTo(slot("expAvg") / (1 - 0.5 ** t), 12);
  });
});

for (const { name, make } of allRules) {
  describe(name, () => {
    for (const options of structuresOf(make())) {
      const rule = make({ ...options, ...("eps" in make().defaults ? { eps: 0 } : {}), weightDecay: 0 });
      const shown = describeOptions(rule);

      it(`does not move at a zero gradient, 0 / 0 being 0, with ${shown}`, () => {
        const { step, value } = stepper(rule, 3);
        for (let t = 0; t < 10; t++) step(0);
        expect(value()).toBe(3);
      });

      it(`has a record of its slots and no others in stateDict(), stepped or not, with ${shown}`, () => {
        const { optimizer, step } = stepper(rule);
        for (let t = 0; t < 2; t++) {
          const { state } = optimizer.stateDict();
          expect(Object.keys(state)).toEqual(["w"]);
          expect(Object.keys(state.w!)).toEqual(rule.stateSlots(rule.defaults));
          step(1);
        }
      });

      it(`goes on after saving and loading in mid-run as if uninterrupted, with ${shown}`, () => {
        const [whole, first] = [stepper(rule, 1), stepper(rule, 1)];
        const gradients = new Random(4).normals(12);
        for (const gradient of gradients) whole.step(gradient);
        for (const gradient of gradients.slice(0, 7)) first.step(gradient);
        const resumed = stepper(rule, first.value());
        resumed.optimizer.loadStateDict(structuredClone(first.optimizer.stateDict()));
        for (const gradient of gradients.slice(7)) resumed.step(gradient);
        expect(resumed.value()).toBe(whole.value());
      });
    }
  });
}

describe("a rule without state", () => {
  it("refuses a state with slots, and loads one without", () => {
    const [plain, other] = [stepper(sgd()), stepper(sgd())];
    plain.step(1);
    const saved = plain.optimizer.stateDict();
    expect(saved.state).toEqual({ w: {} });
    other.optimizer.loadStateDict(saved);
    expect(other.optimizer.paramGroups[0]!.step).toBe(1);
    saved.state.w!.momentumBuffer = Float64Array.of(1);
    expect(() => {
      other.optimizer.loadStateDict(saved);
    }).toThrow('"w"');
  });
});
