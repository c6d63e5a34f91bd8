// Reads what was decided of the steps, and what the monitor noted of the latest.
import type { Decided, GradientControl } from "./gradient-control.js";
import type { GroupLaunch } from "./group-launch.js";
import type { TensorSums } from "./group-monitor.js";
import { readBack } from "./readback.js";

/**
 * Reads what is known after the work submitted so far.
 * @returns what was decided, and for each group the sums of its tensors; none where nothing is noted
 * @throws {DeviceError} when memory is short or the device is lost
 */
export function readStats(
  device: GPUDevice,
  launches: readonly GroupLaunch[],
  control: GradientControl,
): Promise<{ decided: Decided; sums: TensorSums[][] }> {
  const monitors = launches.flatMap(({ monitor }) => monitor ?? []);
  const stage = (encoder: GPUCommandEncoder) => [
    control.stage(encoder),
    ...monitors.map((monitor) => monitor.stage(encoder)),
  ];
  return readBack(device, "stats()", stage, ([counts, ...summaries]) => ({
    decided: control.parse(counts!),
    sums: monitors.map((monitor, index) => monitor.parse(summaries[index]!)),
  }));
}
