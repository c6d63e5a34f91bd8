// The way of a race: copies each rule's point after every step, and reads the copies a frame at a time. Must not know what
// is drawn from it.
import type { RuleName } from "../shared/rules";
import type { Point } from "./functions";
import type { Swarm } from "./swarm";

/** The points that each rule has been at, the start first. */
export type Paths = ReadonlyMap<RuleName, Point[]>;

const POINT_BYTES = 8;

export class Trace {
  readonly paths: Paths;
  readonly #device: GPUDevice;
  readonly #swarm: Swarm;

  constructor(device: GPUDevice, swarm: Swarm, start: Point) {
    this.#device = device;
    this.#swarm = swarm;
    this.paths = new Map(swarm.rules.map((rule) => [rule, [start]]));
  }

  /** Advances the swarm, whose rules have one point each, and extends the paths once the GPU is done. */
  async advance(stepCount: number): Promise<void> {
    const swarm = this.#swarm;
    const bytesPerStep = POINT_BYTES * swarm.rules.length;
    const copies = this.#device.createBuffer({
      label: "trace",
      size: bytesPerStep * stepCount,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    for (let step = 0; step < stepCount; step++) {
      swarm.advance((encoder) => {
        swarm.rules.forEach((rule, index) => {
          const { buffer, offset = 0 } = swarm.arena.get(rule).param;
          encoder.copyBufferToBuffer(
            buffer,
            offset,
            copies,
            bytesPerStep * step + POINT_BYTES * index,
            POINT_BYTES,
          );
        });
      });
    }
    await copies.mapAsync(GPUMapMode.READ);
    const values = new Float32Array(copies.getMappedRange());
    for (let step = 0; step < stepCount; step++) {
      swarm.rules.forEach((rule, index) => {
        const at = 2 * (step * swarm.rules.length + index);
        this.paths.get(rule)!.push([values[at]!, values[at + 1]!]);
      });
    }
    copies.destroy();
  }
}
