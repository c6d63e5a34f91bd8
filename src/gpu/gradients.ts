// Clearing gradients: neighbours are cleared by one command.
import { paddedEnd } from "./arenas.js";
import { checkClearable } from "./ranges.js";
import type { Tensor } from "./tensor.js";

/**
 * Encodes the clearing of every gradient.
 * @param tensors none empty, neighbours next to each other
 * @throws {ParameterError} before anything is encoded, when a buffer cannot be cleared
 */
export function clearGradients(encoder: GPUCommandEncoder, tensors: readonly Tensor[]): void {
  for (const { grad, name } of tensors) checkClearable(grad, `grad of "${name}"`);
  let open: { buffer: GPUBuffer; start: number; end: number } | undefined;
  for (const { grad } of tensors) {
    if (open?.buffer === grad.buffer && grad.offset === paddedEnd(open.buffer, open.end)) {
      open.end = grad.offset + grad.size;
      continue;
    }
    if (open) encoder.clearBuffer(open.buffer, open.start, open.end - open.start);
    open = { buffer: grad.buffer, start: grad.offset, end: grad.offset + grad.size };
  }
  if (open) encoder.clearBuffer(open.buffer, open.start, open.end - open.start);
}
