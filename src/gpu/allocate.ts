// Allocates for groups under error scopes, and says whose buffers the device refuses.
import { DeviceError, ParameterError } from "../errors.js";
import { refuseLost, underScopes } from "./error-scopes.js";
import type { GradientControl } from "./gradient-control.js";
import type { GroupLaunch } from "./group-launch.js";

/**
 * Allocates for groups and probes their buffers; frees everything again when the device refuses.
 * @param present the groups that the optimizer has already, whose control grows with it
 * @throws {ParameterError} naming the parameters whose buffers were destroyed or are another device's
 * @throws {DeviceError} out of memory, or the device is lost
 */
export async function allocate(
  device: GPUDevice,
  call: string,
  launches: readonly GroupLaunch[],
  present: readonly GroupLaunch[],
  control: GradientControl | undefined,
): Promise<void> {
  const { error, value: undo } = underScopes(device, () => {
    const added = launches.map((launch) => {
      return { rowCount: Math.max(launch.rowCount, 1), scalarCount: launch.setup.scalarCount };
    });
    const shrink = control?.grow(added);
    if (control) for (const launch of present) launch.rebind();
    for (const launch of launches) {
      launch.allocate();
      launch.probe();
    }
    return shrink;
  });
  const failure = await error;
  if (!failure) {
    refuseLost(device, call);
    return;
  }
  const culprits = await blame(device, launches);
  for (const launch of launches) launch.destroy();
  undo?.();
  if (control) for (const launch of present) launch.rebind();
  if (failure.kind === "out-of-memory") {
    throw new DeviceError(`${call}: the GPU is out of memory for the optimizer's state: ${failure.message}`);
  }
  const whose =
    culprits.length > 0 ? `buffers of ${culprits.map((name) => `"${name}"`).join(", ")}` : "buffers";
  throw new ParameterError(
    `${call}: the device refuses the ${whose}: destroyed, or created by another device? ${failure.message}`,
  );
}

/** Names of the parameters whose dispatches the device refuses. */
async function blame(device: GPUDevice, launches: readonly GroupLaunch[]): Promise<string[]> {
  const names: string[] = [];
  for (const launch of launches) {
    for (const unit of launch.units) {
      const { error } = underScopes(device, () => {
        launch.probe([unit]);
      });
      if (await error) names.push(...unit.tensors.map(({ name }) => name));
    }
  }
  return names;
}
