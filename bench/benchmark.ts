// A whole benchmark on a device: contest by contest, row by row. Must not know who shows it.
import { DeviceError } from "webgpu-optim";
import { GpuTimer } from "../demo/shared/gpu-timer";
import { type Contest, plan, without } from "./contests";
import { type Competitor, compete, type Effort, type HostCost, hostCost, prepare } from "./measure";
import type { BenchmarkOptions, SubjectName } from "./options.mjs";
import type { Entrant, Row, Timing } from "./rows";
import { bytesPerParameter, ruleOf } from "./rules";
import { NotMeasurableError, type Runner } from "./runner";
import { spread } from "./statistics";
import { createRunners } from "./subjects";

/** What is told while a benchmark runs. */
export type Progress =
  /** What is being done; `fraction` of all is over. */
  | { type: "stage"; text: string; fraction: number }
  | { type: "row"; row: Row }
  /** Something that could not be measured, and why. */
  | { type: "note"; text: string };

export type Run = {
  options: BenchmarkOptions;
  /** There is a page around us, without which tfjs and jax-js do not run. */
  inBrowser: boolean;
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
};

const QUICK: Effort = {
  sampleMs: 25,
  samples: 15,
  minSamples: 5,
  competitorMs: 1000,
  warmSteps: 3,
  hostSteps: 100,
  hostMs: 1500,
};
const FULL: Effort = {
  sampleMs: 40,
  samples: 31,
  minSamples: 7,
  competitorMs: 4000,
  warmSteps: 3,
  hostSteps: 100,
  hostMs: 5000,
};

/** What can be timed inside a compute pass of ours. */
const STAMPED: ReadonlySet<SubjectName> = new Set(["webgpu-optim", "streaming"]);
/** What others wrote: it may fail in ways that are not ours. */
const PEERS: ReadonlySet<SubjectName> = new Set(["tfjs", "jax-js"]);
/** Whose steps take no memory while they wait, and whose host time is of interest: they are encoded in one go. */
const HOSTED: ReadonlySet<SubjectName> = new Set(["webgpu-optim", "naive"]);

const TIMINGS: readonly Timing[] = ["timestamp-query", "submission"];
const SOFTWARE = "swiftshader";
/** Bytes of state per parameter, of a rule with two slots. */
const STATE_BYTES = 8;
/** Parts of the work of an entrant: set up, compare, host time. */
const PARTS = 3;

/** A runner of an entrant, timed in one way. */
type Lane = { entrant: Entrant; competitor: Competitor };

/** The contests that options ask for on a device. */
export function planFor({ limits, adapterInfo }: GPUDevice, options: BenchmarkOptions): Contest[] {
  const { maxStorageBufferBindingSize, maxBufferSize } = limits;
  return plan(options, {
    maxParameters: Math.min(maxStorageBufferBindingSize, maxBufferSize) / STATE_BYTES,
    isSoftware: adapterInfo.architecture === SOFTWARE,
  });
}

type TimedLane = Lane & ReturnType<typeof spread>;

const kernelsOf = (timed: readonly TimedLane[]) =>
  timed.map(({ competitor, median }) => ({ kernel: competitor.runner.kernel!, medianMs: median }));

const count = (value: number) => value.toLocaleString("en");

const describe = ({ subject, rule, parameters, tensors, layout }: Entrant) =>
  `${subject}, ${rule}, ${count(parameters)} parameters in ${
    tensors === 1 ? "one tensor" : `${count(tensors)} tensors (${layout})`
  }`;

/** @throws {Error} when parameters are not finite, or as they were before */
function checkStepped(before: Float32Array | undefined, after: Float32Array | undefined): void {
  if (!before || !after) return;
  if (!after.every(Number.isFinite)) throw new Error("its step leaves parameters that are not finite");
  if (after.every((value, index) => value === before[index])) {
    throw new Error("its step does not change the parameters");
  }
}

export class Benchmark {
  readonly rows: Row[] = [];
  readonly notes: string[] = [];
  readonly #device: GPUDevice;
  readonly #run: Run;
  readonly #effort: Effort;
  readonly #timer: GpuTimer | null;
  readonly #contests: readonly Contest[];
  /** Something was planned that does not run here. */
  readonly #leavesOut: boolean;
  readonly #partCount: number;
  #partsDone = 0;
  #isLost = false;
  #gpuError: GPUError | undefined;
  readonly #onGpuError = ({ error }: GPUUncapturedErrorEvent) => {
    this.#gpuError ??= error;
  };

  constructor(device: GPUDevice, run: Run) {
    this.#device = device;
    this.#run = run;
    this.#effort = run.options.quick ? QUICK : FULL;
    this.#timer = GpuTimer.create(device);
    const planned = planFor(device, run.options);
    this.#contests = run.inBrowser ? planned : without(PEERS, planned);
    this.#leavesOut = this.#contests.flat().length < planned.flat().length;
    this.#partCount = PARTS * this.#contests.flat().length;
    device.addEventListener("uncapturederror", this.#onGpuError);
    void device.lost.then(() => {
      this.#isLost = true;
    });
  }

  async run(): Promise<void> {
    if (this.#leavesOut) this.#note(`${[...PEERS].join(" and ")} are measured in browsers only`);
    let end = 0;
    for (const contest of this.#contests) {
      end += PARTS * contest.length;
      await this.#contest(contest);
      this.#partsDone = end;
    }
  }

  destroy(): void {
    this.#timer?.destroy();
    this.#device.removeEventListener("uncapturederror", this.#onGpuError);
  }

  async #contest(contest: Contest): Promise<void> {
    const runners: Runner[] = [];
    const lanes: Lane[] = [];
    try {
      for (const entrant of contest) {
        this.#stage(`Setting up ${describe(entrant)}`);
        try {
          const created = await createRunners(this.#device, entrant);
          runners.push(...created);
          for (const runner of created) {
            const before = await runner.peek?.();
            lanes.push(...(await this.#prepare(runner, entrant, contest)));
            checkStepped(before, await runner.peek?.());
          }
        } catch (error) {
          this.#excuse(entrant, error);
        }
        this.#partsDone++;
      }
      await this.#compare(contest, lanes);
      for (const entrant of contest) {
        this.#stage(`Host time of ${describe(entrant)}`);
        await this.#finish(lanes.filter((lane) => lane.entrant === entrant));
        this.#partsDone++;
      }
    } finally {
      for (const runner of runners) runner.destroy();
    }
  }

  /** Between parts of the work: stops when that was asked for or the GPU complained, and tells what comes. */
  #stage(text: string): void {
    this.#run.signal.throwIfAborted();
    if (this.#gpuError) throw new Error(`The GPU reports: ${this.#gpuError.message}`);
    this.#run.onProgress({ type: "stage", text, fraction: this.#partsDone / this.#partCount });
  }

  /** Notes why an entrant is not measured; what says that something is wrong with us is thrown on. */
  #excuse(entrant: Entrant, error: unknown): void {
    const isExpected =
      error instanceof NotMeasurableError || error instanceof DeviceError || PEERS.has(entrant.subject);
    if (this.#isLost || this.#run.signal.aborted || !isExpected) throw error;
    this.#note(`${describe(entrant)}: ${error instanceof Error ? error.message : String(error)}`);
  }

  #note(text: string): void {
    this.notes.push(text);
    this.#run.onProgress({ type: "note", text });
  }

  /** By timestamps where that can be; the package also by submission, to be compared with those that cannot. */
  async #prepare(runner: Runner, entrant: Entrant, contest: Contest): Promise<Lane[]> {
    const { subject, parameters, tensors } = entrant;
    const hasOthers = contest.some(
      (other) => !STAMPED.has(other.subject) && other.parameters === parameters && other.tensors === tensors,
    );
    const isStamped = this.#timer !== null && runner.encode !== undefined;
    const timings: Timing[] = isStamped ? ["timestamp-query"] : ["submission"];
    if (isStamped && hasOthers && subject === "webgpu-optim") timings.push("submission");
    const lanes: Lane[] = [];
    for (const timing of timings) {
      lanes.push({ entrant, competitor: await prepare(runner, timing, this.#timer, this.#effort) });
    }
    return lanes;
  }

  /** What the GPU's own clock times comes first: the others' clean-up would go on into its samples. */
  async #compare(contest: Contest, lanes: readonly Lane[]): Promise<void> {
    const { rule, parameters } = contest[0]!;
    const before = this.#partsDone;
    const timings = TIMINGS.filter((timing) => lanes.some(({ competitor }) => competitor.timing === timing));
    let rounds = 0;
    for (const timing of timings) {
      const competitors = lanes.map(({ competitor }) => competitor).filter((one) => one.timing === timing);
      await compete(competitors, this.#timer, this.#effort, () => {
        this.#partsDone = before + (contest.length * rounds++) / (this.#effort.samples * timings.length);
        this.#stage(`Comparing ${rule} on ${count(parameters)} parameters`);
      });
    }
    this.#partsDone = before + contest.length;
  }

  /** The rows of one entrant: by each timing, that of its fastest runner. */
  async #finish(lanes: readonly Lane[]): Promise<void> {
    let cost: HostCost | undefined;
    for (const timing of TIMINGS) {
      const timed = lanes
        .filter(({ competitor }) => competitor.timing === timing && competitor.samples.length > 0)
        .map((lane) => ({ ...lane, ...spread(lane.competitor.samples) }))
        .sort((a, b) => a.median - b.median);
      const fastest = timed[0];
      if (!fastest) continue;
      const { entrant, competitor } = fastest;
      cost ??= await this.#hostCost(entrant, competitor);
      this.#row(fastest, cost, timed);
    }
  }

  #hostCost({ subject }: Entrant, competitor: Competitor): Promise<HostCost> {
    const { hostSteps } = this.#effort;
    const batch = HOSTED.has(subject) ? hostSteps : Math.min(hostSteps, competitor.stepsPerSample);
    return hostCost(competitor, batch, this.#effort, this.#run.signal);
  }

  #row(
    { entrant, competitor, median, min, max }: TimedLane,
    { hostMs, objectsPerStep, encodersPerStep, garbageBytesPerStep, hostSteps }: HostCost,
    timed: readonly TimedLane[],
  ): void {
    const { runner, timing, samples, stepsPerSample } = competitor;
    const row: Row = {
      ...entrant,
      medianMs: median,
      minMs: min,
      maxMs: max,
      hostMs,
      objectsPerStep,
      encodersPerStep,
      garbageBytesPerStep,
      timing,
      samples: samples.length,
      stepsPerSample,
      hostSteps,
      bytesPerParameter: bytesPerParameter(ruleOf(entrant.rule)),
      ...(runner.kernel && { kernel: runner.kernel, kernels: kernelsOf(timed) }),
    };
    this.rows.push(row);
    this.#run.onProgress({ type: "row", row });
  }
}
