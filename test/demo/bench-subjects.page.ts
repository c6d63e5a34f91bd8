// Runs in the browser for bench-subjects.test.ts: steps the subjects of the benchmark and shows what they computed.
import type { Entrant } from "../../bench/rows";
import { requestBenchmarkDevice } from "../../bench/run";
import type { Runner } from "../../bench/runner";
import { createRunners } from "../../bench/subjects";
import { ByHand, SHAPES } from "../../bench/subjects/streaming-by-hand";

export type Task = { entrants: Entrant[]; shapesOf: Entrant[]; stepCount: number };

/** Elements at both ends of the first tensor, before the steps and after. */
export type Steps = { name: string; before: number[]; after: number[] };

async function steps(name: string, runner: Runner, stepCount: number): Promise<Steps> {
  const before = [...(await runner.peek!())];
  for (let step = 0; step < stepCount; step++) runner.step();
  await runner.finished();
  return { name, before, after: [...(await runner.peek!())] };
}

export async function run({ entrants, shapesOf, stepCount }: Task): Promise<Steps[]> {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await requestBenchmarkDevice(adapter!);
  const results: Steps[] = [];
  for (const entrant of entrants) {
    const runners = await createRunners(device, entrant);
    const { subject, layout, tensors } = entrant;
    results.push(await steps(`${subject}, ${tensors} ${layout}`, runners[0]!, stepCount));
    for (const runner of runners) runner.destroy();
  }
  for (const entrant of shapesOf) {
    // Each shape on fresh buffers, since all of them share theirs.
    for (const shape of (await ByHand.create(device, entrant)).shapes(SHAPES)) {
      const runner = await (await ByHand.create(device, entrant)).runner(shape);
      results.push(await steps(`${entrant.rule}, ${shape.form}`, runner, stepCount));
      runner.destroy();
    }
  }
  return results;
}
