// Points that walk down a landscape: all of a rule's in one tensor, all tensors in one arena, one optimizer for each rule.
// This is the example to copy for raw buffers: make an arena, write gradients by a kernel of your own in a compute pass,
// and let the optimizers step in the same pass. Must not know how points are drawn or counted.
import { Optimizer, ParameterArena, type RuleOptions, type Schedule } from "webgpu-optim";
import type { RuleName } from "../shared/rules";
import gradientWgsl from "./gradient.wgsl?raw";
import noiseWgsl from "./noise.wgsl?raw";
import { raceRule } from "./rule-set";

const WORKGROUP_SIZE = 64;

export type SwarmOptions = {
  /** The landscape's WGSL: `gradientAt(p: vec2f) -> vec2f`. */
  wgsl: string;
  /** Standard deviation of the noise on each component of a gradient. */
  noise: number;
  seed: number;
  /** Where each rule's points start: x, y, x, y, … */
  starts: Float32Array;
  rates: ReadonlyMap<RuleName, number | Schedule>;
};

export class Swarm {
  readonly count: number;
  readonly rules: readonly RuleName[];
  readonly arena: ParameterArena;
  readonly #device: GPUDevice;
  readonly #options: SwarmOptions;
  readonly #uniforms: GPUBuffer;
  #optimizers: Optimizer<RuleOptions>[] = [];
  #pipeline!: GPUComputePipeline;
  #bindGroups: GPUBindGroup[] = [];
  #step = 0;

  static async create(device: GPUDevice, options: SwarmOptions): Promise<Swarm> {
    const swarm = new Swarm(device, options);
    try {
      await swarm.#prepare();
    } catch (error) {
      swarm.destroy();
      throw error;
    }
    return swarm;
  }

  private constructor(device: GPUDevice, options: SwarmOptions) {
    this.#device = device;
    this.#options = options;
    this.count = options.starts.length / 2;
    this.rules = [...options.rates.keys()];
    this.arena = new ParameterArena(
      device,
      Object.fromEntries(this.rules.map((rule) => [rule, [this.count, 2]])),
    );
    this.#uniforms = device.createBuffer({
      label: "swarm/step",
      size: 16,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  async #prepare(): Promise<void> {
    const device = this.#device;
    const { wgsl, rates, starts } = this.#options;
    const module = device.createShaderModule({
      label: "swarm/gradient",
      code: [wgsl, noiseWgsl, gradientWgsl].join("\n"),
    });
    this.#pipeline = await device.createComputePipelineAsync({
      label: "swarm/gradient",
      layout: "auto",
      compute: { module },
    });
    for (const parameter of this.arena.parameters) {
      const rule = parameter.name as RuleName;
      this.arena.write(rule, starts);
      this.#optimizers.push(await Optimizer.create(device, [parameter], raceRule(rule, rates.get(rule)!)));
      const { param, grad } = this.arena.get(rule);
      this.#bindGroups.push(
        device.createBindGroup({
          layout: this.#pipeline.getBindGroupLayout(0),
          entries: [
            { binding: 0, resource: { buffer: this.#uniforms } },
            { binding: 1, resource: param },
            { binding: 2, resource: grad },
          ],
        }),
      );
    }
  }

  /** Completed steps. */
  get step(): number {
    return this.#step;
  }

  /** Moves every point by one step. `then` may append to the same submission. */
  advance(then?: (encoder: GPUCommandEncoder) => void): void {
    const { seed, noise } = this.#options;
    const uniforms = new DataView(new ArrayBuffer(16));
    uniforms.setUint32(0, seed, true);
    uniforms.setUint32(4, this.#step, true);
    uniforms.setFloat32(8, noise, true);
    this.#device.queue.writeBuffer(this.#uniforms, 0, uniforms);

    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    for (const bindGroup of this.#bindGroups) {
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(Math.ceil(this.count / WORKGROUP_SIZE));
    }
    for (const optimizer of this.#optimizers) optimizer.step({ pass });
    pass.end();
    then?.(encoder);
    this.#device.queue.submit([encoder.finish()]);
    this.#step++;
  }

  /** Changes the learning rates from the next step on. */
  setRates(rates: ReadonlyMap<RuleName, number | Schedule>): void {
    this.#optimizers.forEach((optimizer, index) => {
      optimizer.paramGroups[0]!.lr = rates.get(this.rules[index]!)!;
    });
  }

  destroy(): void {
    for (const optimizer of this.#optimizers) optimizer.destroy();
    this.arena.destroy();
    this.#uniforms.destroy();
  }
}
