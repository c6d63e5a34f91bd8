// Sets up what an entrant is measured by. The others' libraries are loaded when they are measured, not before.
import type { Entrant } from "../rows";
import type { Runner } from "../runner";
import { createCopy } from "./copy";
import { createNaive } from "./naive";
import { createStreaming } from "./streaming";
import { createOptimizer } from "./webgpu-optim";

/**
 * The runners of an entrant: one, or several of which the fastest counts.
 * @throws {NotMeasurableError} when this entrant cannot be measured here
 */
export async function createRunners(device: GPUDevice, entrant: Entrant): Promise<Runner[]> {
  switch (entrant.subject) {
    case "webgpu-optim":
      return [await createOptimizer(device, entrant)];
    case "streaming":
      return createStreaming(device, entrant);
    case "copy":
      return [await createCopy(device, entrant)];
    case "naive":
      return [await createNaive(device, entrant)];
    case "tfjs":
      return [await (await import("./tfjs")).createTfjs(entrant)];
    case "jax-js":
      return [await (await import("./jax-js")).createJaxJs(entrant)];
  }
}
