// Moves state between the GPU and plain arrays.
import { DeviceError } from "../errors.js";
import { underScopes } from "./error-scopes.js";
import type { Decided, GradientControl } from "./gradient-control.js";
import type { GroupLaunch } from "./group-launch.js";
import { gather, scatter } from "./state-layout.js";
import type { Unit } from "./unit.js";
import { COPY_DST, MAP_READ } from "./usage.js";

/** State tensors of one parameter by slot. */
export type Slots<A> = Record<string, A>;

/** A copy of one state buffer on its way to the host. */
type Staged = { launch: GroupLaunch; unit: Unit; index: number; buffer: GPUBuffer; mapped: Promise<void> };

/**
 * Reads the state of every tensor of some groups, as it is after the work submitted so far.
 * @param control whose counts are read along with them
 * @returns slots by name of the parameter, and what the control decided
 * @throws {DeviceError} when memory is short or the device is lost
 */
export async function readStates(
  device: GPUDevice,
  launches: readonly GroupLaunch[],
  control?: GradientControl,
): Promise<{ state: Record<string, Slots<Float32Array>>; decided: Decided | undefined }> {
  const { value, error } = underScopes(device, () => stageStates(device, launches, control));
  const { staged, counts } = value;
  const mapped = Promise.all([...staged.map((entry) => entry.mapped), counts?.mapped]);
  try {
    await mapped;
    // Mapping succeeds even where the copy was refused, and shows zeros.
    const failure = await error;
    if (failure) throw new Error(failure.message);
    const states = zeroStates(launches);
    for (const entry of staged) copyOut(entry, states);
    const decided = counts && control!.parse(counts.buffer.getMappedRange());
    return { state: Object.fromEntries(states), decided };
  } catch (cause) {
    const reason = (await error)?.message ?? (cause instanceof Error ? cause.message : String(cause));
    throw new DeviceError(`stateDict: the state could not be read: ${reason}`, { cause });
  } finally {
    for (const { buffer } of staged) buffer.destroy();
    counts?.buffer.destroy();
  }
}

function stageStates(
  device: GPUDevice,
  launches: readonly GroupLaunch[],
  control: GradientControl | undefined,
) {
  const encoder = device.createCommandEncoder({ label: "webgpu-optim/state" });
  const staged = launches.flatMap((launch) =>
    launch.units.flatMap((unit) =>
      unit.states.map((state, index) => {
        const label = `${launch.setup.label}/state-copy`;
        const buffer = device.createBuffer({ label, size: state.size, usage: MAP_READ | COPY_DST });
        encoder.copyBufferToBuffer(state, 0, buffer, 0, state.size);
        return { launch, unit, index, buffer };
      }),
    ),
  );
  const counts = control?.stage(encoder);
  device.queue.submit([encoder.finish()]);
  return {
    staged: staged.map((entry): Staged => ({ ...entry, mapped: entry.buffer.mapAsync(MAP_READ_MODE) })),
    counts: counts && { buffer: counts, mapped: counts.mapAsync(MAP_READ_MODE) },
  };
}

/** GPUMapMode.READ. */
const MAP_READ_MODE = 1;

/** Slots by name of the parameter. */
type States = Map<string, Slots<Float32Array>>;

function zeroStates(launches: readonly GroupLaunch[]): States {
  const states: States = new Map();
  for (const { tensors, setup } of launches) {
    for (const { name, length } of tensors) {
      states.set(name, Object.fromEntries(setup.slots.map((slot) => [slot, new Float32Array(length)])));
    }
  }
  return states;
}

function copyOut({ launch, unit, index, buffer }: Staged, states: States): void {
  const { slots } = launch.setup;
  const floats = new Float32Array(buffer.getMappedRange());
  for (const piece of unit.placement.pieces) {
    if (piece.buffer !== index) continue;
    const run = { firstStruct: piece.struct, length: piece.length, slotCount: slots.length };
    const target = states.get(unit.tensors[piece.tensor]!.name)!;
    slots.forEach((slot, position) => {
      gather(floats, run, position, target[slot]!, piece.first);
    });
  }
}

/**
 * The contents of every state buffer of a group with the given slots in it. Writes nothing yet, so that running out of
 * memory leaves all as it was.
 * @param slotsOf slots of a parameter by name; every array as long as the parameter
 */
export function prepareStates(
  { units, setup }: GroupLaunch,
  slotsOf: ReadonlyMap<string, Slots<Float32Array | Float64Array>>,
): { buffer: GPUBuffer; floats: Float32Array<ArrayBuffer> }[] {
  return units.flatMap((unit) =>
    unit.states.map((buffer, index) => {
      const floats = new Float32Array(buffer.size / 4);
      for (const piece of unit.placement.pieces) {
        if (piece.buffer !== index) continue;
        const run = { firstStruct: piece.struct, length: piece.length, slotCount: setup.slots.length };
        const slots = slotsOf.get(unit.tensors[piece.tensor]!.name)!;
        setup.slots.forEach((slot, position) => {
          scatter(floats, run, position, slots[slot]!, piece.first);
        });
      }
      return { buffer, floats };
    }),
  );
}
