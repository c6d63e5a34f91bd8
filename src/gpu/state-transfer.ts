// Moves state between the GPU and plain arrays.
import type { Decided, GradientControl } from "./gradient-control.js";
import type { GroupLaunch } from "./group-launch.js";
import { readBack } from "./readback.js";
import { gather, scatter } from "./state-layout.js";
import type { Unit } from "./unit.js";
import { COPY_DST, MAP_READ } from "./usage.js";

/** State tensors of one parameter by slot. */
export type Slots<A> = Record<string, A>;

/** A copy of one state buffer on its way to the host. */
type Staged = { launch: GroupLaunch; unit: Unit; index: number };

/**
 * Reads the state of every tensor of some groups, as it is after the work submitted so far.
 * @param control whose counts are read along with them
 * @returns slots by name of the parameter, and what the control decided
 * @throws {DeviceError} when memory is short or the device is lost
 */
export function readStates(
  device: GPUDevice,
  launches: readonly GroupLaunch[],
  control?: GradientControl,
): Promise<{ state: Record<string, Slots<Float32Array>>; decided: Decided | undefined }> {
  const staged = launches.flatMap((launch) =>
    launch.units.flatMap((unit) => unit.states.map((_, index): Staged => ({ launch, unit, index }))),
  );
  const stage = (encoder: GPUCommandEncoder) => {
    const copies = staged.map(({ launch, unit, index }) => {
      const { size } = unit.states[index]!;
      const label = `${launch.setup.label}/state-copy`;
      const copy = device.createBuffer({ label, size, usage: MAP_READ | COPY_DST });
      encoder.copyBufferToBuffer(unit.states[index]!, 0, copy, 0, size);
      return copy;
    });
    return control ? [...copies, control.stage(encoder)] : copies;
  };
  return readBack(device, "stateDict()", stage, (ranges) => {
    const states = zeroStates(launches);
    staged.forEach((entry, index) => {
      copyOut(entry, ranges[index]!, states);
    });
    const decided = control?.parse(ranges.at(-1)!);
    return { state: Object.fromEntries(states), decided };
  });
}

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

function copyOut({ launch, unit, index }: Staged, bytes: ArrayBuffer, states: States): void {
  const { slots } = launch.setup;
  const floats = new Float32Array(bytes);
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
