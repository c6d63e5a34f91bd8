// One run, a race or a swarm: what moves, and what has been measured of it so far. Must not know how it is shown.
import type { Schedule } from "webgpu-optim";
import { seededRandom } from "../shared/random";
import type { RuleName } from "../shared/rules";
import { ArrivalCounter } from "./arrivals";
import { ASPECT, type Landscape, type Point } from "./functions";
import { rateOver } from "./rule-set";
import { Swarm } from "./swarm";
import { type Paths, Trace } from "./trace";
import { findRate } from "./tuning";

/** What a run is made from. */
export type Plan = {
  view: "race" | "swarm";
  landscape: Landscape;
  rules: readonly RuleName[];
  start: Point;
  /** Points of each rule in a swarm. */
  count: number;
  stepCount: number;
  noise: number;
  falls: boolean;
  seed: number;
};

/** A share of a swarm that counts as "most". */
const HALF = 0.5;

/** What has been measured, against steps: heights above the minimum in a race, shares at the minimum in a swarm. */
export type Measured = { steps: number[]; values: ReadonlyMap<RuleName, number[]> };

export class Run {
  readonly plan: Plan;
  readonly swarm: Swarm;
  readonly measured: Measured;
  /** The first step at which a rule, or half of its swarm, was at the minimum. */
  readonly arrivedAt = new Map<RuleName, number>();
  readonly #trace: Trace | null;
  readonly #counter: ArrivalCounter | null;

  static async create(device: GPUDevice, plan: Plan, rates: ReadonlyMap<RuleName, number>): Promise<Run> {
    const { landscape, seed, noise } = plan;
    const starts = plan.view === "race" ? Float32Array.from(plan.start) : scattered(plan);
    const swarm = await Swarm.create(device, {
      wgsl: landscape.wgsl,
      noise,
      seed,
      starts,
      rates: schedulesOf(plan, rates),
    });
    return new Run(device, plan, swarm);
  }

  private constructor(device: GPUDevice, plan: Plan, swarm: Swarm) {
    this.plan = plan;
    this.swarm = swarm;
    this.measured = { steps: [], values: new Map(plan.rules.map((rule) => [rule, []])) };
    const { minimum, radius } = plan.landscape;
    this.#trace = plan.view === "race" ? new Trace(device, swarm, plan.start) : null;
    this.#counter = plan.view === "swarm" ? new ArrivalCounter(device, swarm, minimum, radius) : null;
    if (this.#trace) this.#measurePaths();
  }

  get isDone(): boolean {
    return this.swarm.step >= this.plan.stepCount;
  }

  /** The ways of a race. */
  get paths(): Paths | null {
    return this.#trace?.paths ?? null;
  }

  setRates(rates: ReadonlyMap<RuleName, number>): void {
    this.swarm.setRates(schedulesOf(this.plan, rates));
  }

  /** Takes up to this many steps, and waits until the GPU has taken them. */
  async advance(stepCount: number): Promise<void> {
    const count = Math.min(stepCount, this.plan.stepCount - this.swarm.step);
    if (this.#trace) {
      await this.#trace.advance(count);
      this.#measurePaths();
      return;
    }
    for (let step = 0; step < count; step++) this.swarm.advance();
    await this.measureShares();
  }

  /** Counts who has arrived; a swarm's start counts too. */
  async measureShares(): Promise<void> {
    const arrivals = await this.#counter?.count();
    if (!arrivals) return;
    this.measured.steps.push(arrivals.step);
    for (const [rule, count] of arrivals.counts) {
      const share = count / this.swarm.count;
      this.measured.values.get(rule)!.push(share);
      if (share >= HALF) this.#arrive(rule, arrivals.step);
    }
  }

  #measurePaths(): void {
    const { steps, values } = this.measured;
    const { landscape } = this.plan;
    const [minimumX, minimumY] = landscape.minimum;
    const from = steps.length;
    for (const [rule, path] of this.paths!) {
      for (let step = from; step < path.length; step++) {
        const [x, y] = path[step]!;
        values.get(rule)!.push(landscape.value(x, y));
        if (Math.hypot(x - minimumX, y - minimumY) <= landscape.radius) this.#arrive(rule, step);
      }
    }
    for (let step = from; step <= this.swarm.step; step++) steps.push(step);
  }

  #arrive(rule: RuleName, step: number): void {
    if (!this.arrivedAt.has(rule)) this.arrivedAt.set(rule, step);
  }

  destroy(): void {
    this.#counter?.destroy();
    this.swarm.destroy();
  }
}

/** The rate of each rule: found by a rehearsal of the race, or the same for all. */
export function chooseRates(plan: Plan, sameRate: number | null): Map<RuleName, number> {
  return new Map(plan.rules.map((rule) => [rule, sameRate ?? findRate(rule, plan)]));
}

const schedulesOf = ({ stepCount, falls }: Plan, rates: ReadonlyMap<RuleName, number>) =>
  new Map(
    [...rates].map(([rule, lr]): [RuleName, number | Schedule] => [rule, rateOver(lr, stepCount, falls)]),
  );

/** Starts all over the map, evenly at random. */
function scattered({ landscape: { center, halfHeight }, count, seed }: Plan): Float32Array {
  const random = seededRandom(seed);
  const starts = new Float32Array(2 * count);
  for (let index = 0; index < 2 * count; index += 2) {
    starts[index] = center[0] + halfHeight * ASPECT * (2 * random() - 1);
    starts[index + 1] = center[1] + halfHeight * (2 * random() - 1);
  }
  return starts;
}
