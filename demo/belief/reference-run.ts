// Runs the variants over the same stream in float64, keeping their states after every step: what cannot be read from the GPU
// at each step without waiting for it. Must not know the GPU.
import { ReferenceOptimizer } from "webgpu-optim/reference";
import type { Variant, VariantName } from "./variants";

export type ReferenceRun = {
  /** Each state slot after every step. */
  states: ReadonlyMap<VariantName, Readonly<Record<string, Float64Array>>>;
  moves: ReadonlyMap<VariantName, Float64Array>;
};

export function runInFloat64(gradients: Float32Array, variants: readonly Variant[]): ReferenceRun {
  const states = new Map<VariantName, Record<string, Float64Array>>();
  const moves = new Map<VariantName, Float64Array>();
  for (const { name, rule } of variants) {
    const param = new Float64Array(1);
    const grad = new Float64Array(1);
    const optimizer = new ReferenceOptimizer([{ name, param, grad }], rule);
    const slots: Record<string, Float64Array> = {};
    const moved = new Float64Array(gradients.length);
    for (const [step, gradient] of gradients.entries()) {
      grad[0] = gradient;
      param[0] = 0;
      optimizer.step();
      moved[step] = -param[0];
      for (const [slot, values] of Object.entries(optimizer.stateDict().state[name]!)) {
        slots[slot] ??= new Float64Array(gradients.length);
        slots[slot][step] = values[0]!;
      }
    }
    states.set(name, slots);
    moves.set(name, moved);
  }
  return { states, moves };
}
