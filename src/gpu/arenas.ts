// Which buffers belong to a ParameterArena: in them the padding between slices is the arena's own and may be stepped
// along with the slices, and `create()` waits until their memory is known to be there.

const arenas = new WeakMap<GPUBuffer, Promise<void>>();

/** Registers a buffer of an arena and the promise that rejects when its memory was not to be had. */
export function registerArenaBuffer(buffer: GPUBuffer, ready: Promise<void>): void {
  arenas.set(buffer, ready);
}

/** Whether the padding of a buffer is an arena's. */
export function isArenaBuffer(buffer: GPUBuffer): boolean {
  return arenas.has(buffer);
}

/** Resolves when the memory of a buffer is known to be there; at once for a buffer of the caller's. */
export function arenaReady(buffer: GPUBuffer): Promise<void> | undefined {
  return arenas.get(buffer);
}
