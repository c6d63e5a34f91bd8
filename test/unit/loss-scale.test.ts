// LossScale: PyTorch's GradScaler policy over what an optimizer's stats() tell.
import { describe, expect, it } from "vitest";
import { LossScale, OptionError, type LossScaleOptions } from "webgpu-optim";

/** An optimizer of which the test says how its steps went. */
function watched() {
  const told = { step: 0, skippedSteps: 0, gradNorm: 1, clipFactor: 1 };
  let calls = 0;
  return {
    told,
    calls: () => calls,
    stats: () => {
      calls++;
      return Promise.resolve({ ...told });
    },
  };
}

describe("LossScale", () => {
  it("begins at 65536", () => {
    expect(new LossScale(watched()).value).toBe(65536);
  });

  it("doubles after 2000 clean steps, however they are told", async () => {
    const optimizer = watched();
    const lossScale = new LossScale(optimizer);
    for (const [step, value] of [
      [1999, 65536],
      [2000, 131072],
      [3999, 131072],
      [8000, 1048576],
    ] as const) {
      optimizer.told.step = step;
      await lossScale.update();
      expect(lossScale.value, `after ${step} steps`).toBe(value);
    }
  });

  it("halves when a step overflowed, once for those it learns of together, and counts clean steps anew", async () => {
    const optimizer = watched();
    const lossScale = new LossScale(optimizer, { growthInterval: 10 });
    const tell = async (step: number, skippedSteps: number) => {
      Object.assign(optimizer.told, { step, skippedSteps });
      await lossScale.update();
      return lossScale.value;
    };
    expect(await tell(9, 0)).toBe(65536);
    expect(await tell(12, 3)).toBe(32768);
    expect(await tell(21, 3)).toBe(32768);
    expect(await tell(22, 3)).toBe(65536);
    expect(await tell(23, 4)).toBe(32768);
  });

  it("asks once at a time, and never waits", async () => {
    const optimizer = watched();
    const lossScale = new LossScale(optimizer);
    const [first, second] = [lossScale.update(), lossScale.update()];
    expect(second).toBe(first);
    await first;
    expect(optimizer.calls()).toBe(1);
    await lossScale.update();
    expect(optimizer.calls()).toBe(2);
  });

  it("hands on what stats() rejects with to those who wait, and asks again", async () => {
    let fails = true;
    const lossScale = new LossScale({
      stats: () =>
        fails
          ? Promise.reject(new Error("lost"))
          : Promise.resolve({ step: 1, skippedSteps: 1, gradNorm: NaN, clipFactor: 1 }),
    });
    await expect(lossScale.update()).rejects.toThrow("lost");
    fails = false;
    await lossScale.update();
    expect(lossScale.value).toBe(32768);
  });

  it.each<[LossScaleOptions, string]>([
    [{ init: 0 }, "LossScale: init must be in (0, ∞), got 0"],
    [{ init: NaN }, "LossScale: init must be in (0, ∞), got NaN"],
    [{ growthFactor: 1 }, "LossScale: growthFactor must be in (1, ∞), got 1"],
    [{ backoffFactor: 1 }, "LossScale: backoffFactor must be in (0, 1), got 1"],
    [{ growthInterval: 1.5 }, "LossScale: growthInterval must be in 1, 2, 3, …, got 1.5"],
  ])("refuses %j", (options, message) => {
    expect(() => new LossScale(watched(), options)).toThrow(OptionError);
    expect(() => new LossScale(watched(), options)).toThrow(message);
  });
});
