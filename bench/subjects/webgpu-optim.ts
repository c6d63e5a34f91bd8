// The package itself: one step() of an optimizer.
import { Optimizer, type RuleOptions, type UpdateRule } from "webgpu-optim";
import { ruleOf } from "../rules";
import type { Entrant } from "../rows";
import type { Runner } from "../runner";
import { createTensors, peek } from "../tensors";

export async function createOptimizer(
  device: GPUDevice,
  entrant: Entrant,
  rule: UpdateRule<RuleOptions> = ruleOf(entrant.rule),
): Promise<Runner> {
  const tensors = await createTensors(device, entrant);
  try {
    const optimizer = await Optimizer.create(device, tensors.parameters, rule);
    return {
      step() {
        optimizer.step();
      },
      encode(pass) {
        optimizer.step({ pass });
      },
      finished: () => device.queue.onSubmittedWorkDone(),
      peek: () => peek(device, tensors.first, entrant.parameters / entrant.tensors),
      destroy() {
        optimizer.destroy();
        tensors.destroy();
      },
    };
  } catch (error) {
    tensors.destroy();
    throw error;
  }
}
