// Checks that can fail: each mutation of the kernels that clip, skip, count and watch must be told from the reference.
import { describe, expect, it } from "vitest";
import { adabelief, sgd } from "webgpu-optim";
import { Gpu, requestDevice } from "../support/gpu";
import { controlMutations, type Mutation } from "../support/mutations";
import { Random } from "../support/random";
import { expectSameStats } from "../support/step-stats";
import { CLOSE, twins } from "../support/twins";

/** Two groups and one that is frozen later; a tensor of more than one workgroup on any adapter. */
const GROUPS = [{ lengths: [257, 1] }, { lengths: [40_000], lr: 0.02 }, { lengths: [70] }];

const options = { clipGradNorm: 3, clipGradValue: 2e25, skipNonFinite: true, monitor: true };

/** Gradients of each step: what is special about it. */
const STEPS: { size: number; bad?: boolean; frozen?: boolean; gradScale?: number }[] = [
  { size: 1e-25 },
  { size: 1e-3 },
  { size: 1, bad: true },
  { size: 1, gradScale: 4 },
  { size: 1e25, gradScale: 4 },
  { size: 1e-3, frozen: true },
];

/** What the first step that differs from the reference says; undefined when none does. */
async function difference(mutation?: Mutation): Promise<string | undefined> {
  const device = await requestDevice();
  const gpu = new Gpu(device);
  let changed = false;
  const create = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) => {
    const code = mutation ? descriptor.code.replace(mutation[1], mutation[2]) : descriptor.code;
    changed ||= code !== descriptor.code;
    return create({ ...descriptor, code });
  };
  try {
    const model = await twins(
      gpu,
      adabelief({ lr: 0.1, maxUpdate: 0.5, betas: [0.8, 0.9], eps: 3e-12 }),
      options,
      GROUPS,
    );
    const random = new Random(1);
    for (const { size, bad, frozen = false, gradScale = 1 } of STEPS) {
      for (const { paramGroups } of [model.optimizer, model.reference]) paramGroups[2]!.frozen = frozen;
      model.setGradients((g, t, i) => (bad && g === 0 && t === 1 && i === 0 ? NaN : size * random.normal()));
      model.step({ gradScale });
      expectSameStats(await model.optimizer.stats(), model.reference.stats());
      expect(await model.difference()).toBeLessThan(CLOSE);
    }
    const far = await twins(gpu, sgd({ lr: 1e20 }), { monitor: true, clipGradValue: 0.5 }, [
      { lengths: [300] },
    ]);
    far.setGradients(() => random.normal());
    far.step();
    expectSameStats(await far.optimizer.stats(), far.reference.stats());
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    device.destroy();
    if (mutation) expect(changed, "the mutation must change the text").toBe(true);
  }
}

describe("the control of gradients and the monitor", () => {
  it("agree with the reference unchanged", async () => {
    expect(await difference()).toBeUndefined();
  });

  it.each(controlMutations.map((mutation) => [mutation[0], mutation] as const))(
    "are caught when one %s",
    async (_, mutation) => {
      expect(await difference(mutation)).toBeDefined();
    },
  );
});
