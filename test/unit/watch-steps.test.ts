// watchSteps over the reference optimizer, which tells as the GPU's does.
import { describe, expect, it } from "vitest";
import { OptionError, UsageError, adam, watchSteps, type StepStats, type WatchOptions } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";

const make = () => {
  const grad = Float32Array.of(3, 4);
  const optimizer = new ReferenceOptimizer([{ param: new Float64Array(2), grad }], adam(), { monitor: true });
  return { optimizer, grad };
};

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("watchSteps", () => {
  it("yields when steps have run, in order and none twice, and ends with its signal", async () => {
    const { optimizer } = make();
    const end = new AbortController();
    const told: StepStats[] = [];
    const watching = (async () => {
      for await (const stats of watchSteps(optimizer, { intervalMs: 0, signal: end.signal }))
        told.push(stats);
    })();
    await turn();
    expect(told).toEqual([]);
    for (let step = 0; step < 3; step++) {
      optimizer.step();
      await turn();
    }
    await turn();
    end.abort();
    await watching;
    expect(told.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(told[0]!.groups![0]!.gradNorm).toBe(5);
  });

  it("goes on after a state was loaded, and leaves out steps between two looks", async () => {
    const { optimizer } = make();
    optimizer.step();
    optimizer.step();
    const steps = watchSteps(optimizer, { intervalMs: 0 });
    const next = async () => (await steps.next()).value?.step;
    expect(await next()).toBe(2);
    optimizer.loadStateDict(optimizer.stateDict());
    const waiting = next();
    await turn();
    optimizer.step();
    expect(await waiting).toBe(1);
    await steps.return();
  });

  it("waits its interval, but not after its end", async () => {
    const { optimizer } = make();
    optimizer.step();
    const end = new AbortController();
    const steps = watchSteps(optimizer, { intervalMs: 1e6, signal: end.signal });
    await steps.next();
    const last = steps.next();
    await turn();
    end.abort();
    expect(await last).toEqual({ done: true, value: undefined });
  });

  it("passes on what stats() throws", async () => {
    const { optimizer } = make();
    optimizer.destroy();
    await expect(watchSteps(optimizer).next()).rejects.toThrow(UsageError);
  });

  it.each([NaN, -1, Infinity, "1"])("refuses an interval of %s", async (intervalMs) => {
    const options = { intervalMs } as WatchOptions;
    await expect(watchSteps(make().optimizer, options).next()).rejects.toThrow(OptionError);
  });

  it("refuses what is no optimizer, and options that it does not know", async () => {
    await expect(watchSteps({} as never).next()).rejects.toThrow("watchSteps: optimizer must have stats()");
    const options = { interval: 1 } as WatchOptions;
    await expect(watchSteps(make().optimizer, options).next()).rejects.toThrow('unknown option "interval"');
  });
});
