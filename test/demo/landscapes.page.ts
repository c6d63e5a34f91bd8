// Runs in the browser for landscapes.test.ts: what the kernels of the page "Landscapes" compute. Must not know what is right.
import { ArrivalCounter } from "../../demo/landscapes/arrivals";
import { type LandscapeName, landscapeOf } from "../../demo/landscapes/functions";
import { Swarm } from "../../demo/landscapes/swarm";
import { openDevice } from "../../demo/shared/device";

export type Problem = {
  landscape: LandscapeName;
  noise: number;
  seed: number;
  /** x, y, x, y, … */
  points: number[];
  /** Steps to take before the gradients are read; the points do not move. */
  stepCount: number;
  radius: number;
};

export type Outcome = { gradients: number[]; arrived: number };

async function read(device: GPUDevice, buffer: GPUBuffer, floatCount: number): Promise<number[]> {
  const size = 4 * floatCount;
  const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  return [...new Float32Array(staging.getMappedRange())];
}

async function solve(device: GPUDevice, problem: Problem): Promise<Outcome> {
  const { landscape, noise, seed, points, stepCount, radius } = problem;
  const { wgsl, minimum } = landscapeOf(landscape);
  const swarm = await Swarm.create(device, {
    wgsl,
    noise,
    seed,
    starts: Float32Array.from(points),
    rates: new Map([["sgd", 0]]),
  });
  for (let step = 0; step < stepCount; step++) swarm.advance();
  const counter = new ArrivalCounter(device, swarm, minimum, radius);
  const arrivals = await counter.count();
  const outcome = {
    gradients: await read(device, swarm.arena.gradBuffer, points.length),
    arrived: arrivals!.counts.get("sgd")!,
  };
  counter.destroy();
  swarm.destroy();
  return outcome;
}

export async function run(problems: Problem[]): Promise<Outcome[]> {
  const device = await openDevice();
  const outcomes: Outcome[] = [];
  for (const problem of problems) outcomes.push(await solve(device, problem));
  device.destroy();
  return outcomes;
}
