// Clipping and skipping on the GPU, against the float64 reference with the same options.
import { describe, expect } from "vitest";
import { Optimizer, adabelief, adam, adamw, nadam, sgd } from "webgpu-optim";
import { it } from "../support/gpu";
import { Random } from "../support/random";
import { allRules } from "../support/rules";
import { CLOSE, GROUPS, twins } from "../support/twins";

describe("clipGradNorm", () => {
  for (const { name, make } of allRules.filter((rule) => rule.name !== "lion")) {
    it(`follows the reference with ${name}`, async ({ gpu }) => {
      const model = await twins(gpu, make({ lr: 0.01 }), { clipGradNorm: 1 }, GROUPS);
      const random = new Random(1);
      for (let step = 0; step < 10; step++) {
        model.setGradients(() => (step % 2 ? 0.01 : 1) * random.normal());
        model.step({ gradScale: 1 + step });
        const [stats, expected] = [await model.optimizer.stats(), model.reference.stats()];
        expect(stats.step).toBe(step + 1);
        expect(stats.skippedSteps).toBe(0);
        expect(Math.abs(stats.gradNorm / expected.gradNorm - 1)).toBeLessThan(2e-6);
        expect(Math.abs(stats.clipFactor / expected.clipFactor - 1)).toBeLessThan(2e-6);
      }
      expect(await model.difference()).toBeLessThan(CLOSE);
      model.optimizer.destroy();
    });
  }

  it.for([1e25, 1e-25, 3e37, 2e-38, 1e15, 1e-15, 0])(
    "is right for gradients of %s",
    async (size, { gpu }) => {
      const model = await twins(gpu, sgd({ lr: 1 }), { clipGradNorm: 0.5 }, [{ lengths: [100] }]);
      model.setGradients((_, __, i) => size * (i % 2 ? 1 : -1));
      model.step();
      const [stats, expected] = [await model.optimizer.stats(), model.reference.stats()];
      expect(Math.abs(stats.gradNorm - expected.gradNorm)).toBeLessThanOrEqual(2e-6 * expected.gradNorm);
      expect(stats.clipFactor).toBeCloseTo(expected.clipFactor, 5);
      expect(await model.difference()).toBeLessThan(1e-6);
      model.optimizer.destroy();
    },
  );

  it("adds 1e-6 to the norm, as PyTorch does, and tells of a factor of 1 for a skipped step", async ({
    gpu,
  }) => {
    const model = await twins(gpu, sgd({ lr: 1 }), { clipGradNorm: 1e-7 }, [{ lengths: [100] }]);
    model.setGradients(() => 1e-7);
    model.step();
    expect((await model.optimizer.stats()).clipFactor).toBeCloseTo(0.05, 6);
    model.setGradients(() => NaN);
    model.step();
    expect(await model.optimizer.stats()).toMatchObject({ skippedSteps: 1, gradNorm: NaN, clipFactor: 1 });
    model.optimizer.destroy();
  });

  it("mixes gradients of 1e25, 1 and 1e-25, on both sides of each range", async ({ gpu }) => {
    for (const sizes of [
      [1e25, 1],
      [1, 1e-25],
      [2 ** 45, 2 ** 44, 2 ** 46],
      [2 ** -45, 2 ** -44, 2 ** -46],
    ]) {
      const model = await twins(gpu, sgd(), { clipGradNorm: 1 }, [{ lengths: [300] }]);
      model.setGradients((_, __, i) => sizes[i % sizes.length]!);
      model.step();
      const [stats, expected] = [await model.optimizer.stats(), model.reference.stats()];
      expect(Math.abs(stats.gradNorm / expected.gradNorm - 1)).toBeLessThan(2e-6);
      model.optimizer.destroy();
    }
  });

  it("treats a norm that is not finite as a skip, without skipNonFinite", async ({ gpu }) => {
    for (const bad of [NaN, Infinity, 3e38]) {
      const model = await twins(gpu, adam(), { clipGradNorm: 1 }, GROUPS);
      model.setGradients(() => 1);
      model.step();
      model.setGradients((g, _, i) => (g === 1 || i > 2 ? 1 : bad));
      model.step();
      const stats = await model.optimizer.stats();
      expect(stats).toMatchObject({ step: 2, skippedSteps: 1 });
      expect(stats.gradNorm).toBe(bad === 3e38 ? Infinity : NaN);
      expect(await model.difference()).toBeLessThan(CLOSE);
      model.optimizer.destroy();
    }
  });

  it("gives the same bits twice, over many workgroups", async ({ gpu }) => {
    const run = async () => {
      const model = await twins(gpu, adam(), { clipGradNorm: 1 }, [{ lengths: [200_000, 5] }]);
      const random = new Random(3);
      model.setGradients(() => random.normal());
      model.optimizer.step();
      const norm = (await model.optimizer.stats()).gradNorm;
      const param = await gpu.read(model.all[0]!.gpu.param);
      model.optimizer.destroy();
      return { norm, param };
    };
    expect(await run()).toEqual(await run());
  });
});

describe("clipGradValue", () => {
  it("clamps after unscaling and before the norm", async ({ gpu }) => {
    const model = await twins(gpu, sgd({ lr: 1 }), { clipGradValue: 0.5, clipGradNorm: 2 }, GROUPS);
    const random = new Random(5);
    for (let step = 0; step < 4; step++) {
      model.setGradients(() => 8 * random.normal());
      model.step({ gradScale: 1 / 8 });
    }
    const [stats, expected] = [await model.optimizer.stats(), model.reference.stats()];
    expect(Math.abs(stats.gradNorm / expected.gradNorm - 1)).toBeLessThan(2e-6);
    expect(await model.difference()).toBeLessThan(CLOSE);
    model.optimizer.destroy();
  });

  it("works alone, and then measures nothing", async ({ gpu }) => {
    const model = await twins(gpu, adamw(), { clipGradValue: 0.5 }, GROUPS);
    const random = new Random(5);
    for (let step = 0; step < 4; step++) {
      model.setGradients(() => random.normal());
      model.step({ gradScale: 2 });
    }
    expect(await model.optimizer.stats()).toEqual({ step: 4, skippedSteps: 0, gradNorm: NaN, clipFactor: 1 });
    expect(await model.difference()).toBeLessThan(CLOSE);
    model.optimizer.destroy();
  });
});

describe("skipNonFinite", () => {
  const places: [string, (g: number, t: number, i: number) => boolean][] = [
    ["the first element", (g, t, i) => g === 0 && t === 0 && i === 0],
    ["the last element", (g, t, i) => g === 1 && t === 0 && i === 69],
    ["the only element of a tensor", (g, t) => g === 0 && t === 1],
  ];
  for (const bad of [NaN, Infinity, -Infinity]) {
    for (const [where, isThere] of places) {
      it(`leaves everything untouched for ${bad} in ${where}`, async ({ gpu }) => {
        const model = await twins(gpu, adabelief(), { skipNonFinite: true }, GROUPS);
        model.setGradients(() => 0.5);
        model.step();
        const before = {
          params: await gpu.read(model.all[0]!.gpu.param),
          dict: await model.optimizer.stateDict(),
        };
        model.setGradients((g, t, i) => (isThere(g, t, i) ? bad : 0.25));
        model.step();
        expect(await gpu.read(model.all[0]!.gpu.param)).toEqual(before.params);
        expect(await model.optimizer.stateDict()).toEqual(before.dict);
        expect((await model.optimizer.stats()).skippedSteps).toBe(1);
        expect(model.optimizer.paramGroups.map(({ step }) => step)).toEqual([1, 1]);
        model.optimizer.destroy();
      });
    }
  }

  it("does not count what is in a frozen group", async ({ gpu }) => {
    const model = await twins(gpu, adam(), { skipNonFinite: true }, [
      ...GROUPS,
      { lengths: [5], frozen: true },
    ]);
    model.setGradients((g) => (g === 2 ? NaN : 1));
    model.step();
    expect(await model.optimizer.stats()).toMatchObject({ step: 1, skippedSteps: 0 });
    expect(await model.difference()).toBeLessThan(CLOSE);
    model.optimizer.destroy();
  });

  it("skips when unscaling overflows, and not for huge gradients that it need not clip", async ({ gpu }) => {
    const model = await twins(gpu, sgd({ lr: 2e-38 }), { skipNonFinite: true }, [{ lengths: [64] }]);
    model.setGradients(() => 1e38);
    model.step({ gradScale: 10 });
    expect(await model.optimizer.stats()).toMatchObject({ skippedSteps: 1 });
    model.step();
    expect(await model.optimizer.stats()).toMatchObject({ step: 2, skippedSteps: 1, gradNorm: Infinity });
    expect(await model.difference()).toBeLessThan(1e-6);
    model.optimizer.destroy();
  });

  for (const { name, make } of allRules) {
    it(`takes a hundred steps with random skips as if the bad ones were left out, bit for bit, with ${name}`, async ({
      gpu,
    }) => {
      const run = async (leaveOut: boolean) => {
        const random = new Random(21);
        const model = await twins(gpu, make(), { skipNonFinite: true }, GROUPS);
        for (let step = 0; step < 100; step++) {
          const bad = random.uniform() < 0.3;
          const at = Math.floor(random.uniform() * 257);
          model.setGradients((g, t, i) => {
            const value = random.normal();
            return bad && g === 0 && t === 0 && i === at ? NaN : value;
          });
          if (!(bad && leaveOut)) model.optimizer.step();
        }
        const result = {
          param: await gpu.read(model.all[0]!.gpu.param),
          dict: await model.optimizer.stateDict(),
        };
        model.optimizer.destroy();
        return result;
      };
      expect(await run(false)).toEqual(await run(true));
    });
  }

  it("stays as accurate as the host's scalars after skips, with a schedule and options assigned meanwhile", async ({
    gpu,
  }) => {
    const lr = (step: number) => 0.1 / (1 + step);
    const model = await twins(gpu, nadam({ lr }), { skipNonFinite: true }, GROUPS);
    const random = new Random(2);
    for (let step = 0; step < 60; step++) {
      const bad = step % 7 === 3;
      model.setGradients((g, _, i) => (bad && g === 1 && i === 3 ? Infinity : random.normal()));
      if (step % 20 === 10) {
        for (const optimizer of [model.optimizer, model.reference])
          optimizer.paramGroups[1]!.weightDecay = step / 1000;
      }
      model.step();
      // The schedule sees the count that the host knows.
      await model.optimizer.stats();
      expect(model.optimizer.paramGroups.map((group) => group.step)).toEqual(
        model.reference.paramGroups.map((group) => group.step),
      );
    }
    expect(await model.difference()).toBeLessThan(CLOSE);
    expect((await model.optimizer.stateDict()).groups[0]!.memory!.muProduct).toBeCloseTo(
      model.reference.stateDict().groups[0]!.memory!.muProduct!,
      12,
    );
    model.optimizer.destroy();
  });

  it("saves and loads after skips, and goes on", async ({ gpu }) => {
    const model = await twins(gpu, adam(), { skipNonFinite: true }, GROUPS);
    const random = new Random(4);
    const go = (optimizer: { step: () => void }, from: number, to: number) => {
      for (let step = from; step < to; step++) {
        model.setGradients((g, _, i) => (step % 3 === 1 && g === 0 && i === 0 ? NaN : random.normal()));
        optimizer.step();
        model.reference.step();
      }
    };
    go(model.optimizer, 0, 8);
    const saved = await model.optimizer.stateDict();
    expect(saved.groups.map(({ step }) => step)).toEqual([5, 5]);
    const params = GROUPS.map((_, g) =>
      (g === 0 ? model.all.slice(0, 2) : model.all.slice(2)).map((pair) => pair.gpu),
    );
    const next = await Optimizer.create(
      gpu.device,
      [{ params: params[0]! }, { params: params[1]!, lr: 0.02 }],
      adam(),
      {
        skipNonFinite: true,
      },
    );
    next.loadStateDict(saved);
    go(next, 8, 16);
    expect(await model.difference()).toBeLessThan(CLOSE);
    expect((await next.stateDict()).groups.map(({ step }) => step)).toEqual(
      model.reference.paramGroups.map(({ step }) => step),
    );
    next.destroy();
    model.optimizer.destroy();
  });
});
