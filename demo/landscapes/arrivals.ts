// Counts on the GPU how many points of each rule are at the minimum, and reads the counts when they are ready: the swarm
// never waits. Must not know how points move.
import type { RuleName } from "../shared/rules";
import arrivedWgsl from "./arrived.wgsl?raw";
import type { Point } from "./functions";
import type { Swarm } from "./swarm";

const WORKGROUP_SIZE = 64;
/** Bound by itself, each rule's total has an offset that uniform and storage bindings allow. */
const STRIDE = 256;

/** How many points of each rule had arrived when `step` steps were completed. */
export type Arrivals = { step: number; counts: ReadonlyMap<RuleName, number> };

export class ArrivalCounter {
  readonly #device: GPUDevice;
  readonly #swarm: Swarm;
  readonly #pipeline: GPUComputePipeline;
  readonly #bindGroups: GPUBindGroup[];
  readonly #goal: GPUBuffer;
  readonly #totals: GPUBuffer;
  readonly #readback: GPUBuffer;
  #isReading = false;

  constructor(device: GPUDevice, swarm: Swarm, minimum: Point, radius: number) {
    this.#device = device;
    this.#swarm = swarm;
    const size = STRIDE * swarm.rules.length;
    const buffer = (label: string, bytes: number, usage: number) =>
      device.createBuffer({ label: `arrivals/${label}`, size: bytes, usage });
    this.#goal = buffer("goal", 16, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
    this.#totals = buffer(
      "totals",
      size,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    );
    this.#readback = buffer("readback", size, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
    device.queue.writeBuffer(this.#goal, 0, new Float32Array([...minimum, radius, 0]));
    const module = device.createShaderModule({ label: "arrivals", code: arrivedWgsl });
    this.#pipeline = device.createComputePipeline({ label: "arrivals", layout: "auto", compute: { module } });
    this.#bindGroups = swarm.rules.map((rule, index) =>
      device.createBindGroup({
        layout: this.#pipeline.getBindGroupLayout(0),
        entries: [
          { binding: 0, resource: { buffer: this.#goal } },
          { binding: 1, resource: swarm.arena.get(rule).param },
          { binding: 2, resource: { buffer: this.#totals, offset: STRIDE * index, size: 4 } },
        ],
      }),
    );
  }

  /** The counts as they are now, or null while a reading is under way. */
  async count(): Promise<Arrivals | null> {
    if (this.#isReading) return null;
    this.#isReading = true;
    const { step, rules, count } = this.#swarm;
    const encoder = this.#device.createCommandEncoder();
    encoder.clearBuffer(this.#totals);
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    for (const bindGroup of this.#bindGroups) {
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(Math.ceil(count / WORKGROUP_SIZE));
    }
    pass.end();
    encoder.copyBufferToBuffer(this.#totals, this.#readback);
    this.#device.queue.submit([encoder.finish()]);
    try {
      await this.#readback.mapAsync(GPUMapMode.READ);
      const totals = new Uint32Array(this.#readback.getMappedRange());
      const counts = new Map(rules.map((rule, index) => [rule, totals[(STRIDE / 4) * index]!]));
      this.#readback.unmap();
      return { step, counts };
    } finally {
      this.#isReading = false;
    }
  }

  destroy(): void {
    for (const buffer of [this.#goal, this.#totals, this.#readback]) buffer.destroy();
  }
}
