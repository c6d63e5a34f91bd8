// Counts the GPU objects that a subject creates, on whatever device it uses. Must not know any subject.

/** What was created meanwhile. */
export type Creations = { objects: number; encoders: number };

const ENCODER = "createCommandEncoder";

/** Runs a function and counts the calls of `GPUDevice.create…` in it. */
export function countCreations(run: () => void): Creations {
  const creations: Creations = { objects: 0, encoders: 0 };
  const prototype = GPUDevice.prototype as unknown as Record<string, unknown>;
  const originals = new Map<string, PropertyDescriptor>();
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
    const original: unknown = descriptor.value;
    if (!name.startsWith("create") || typeof original !== "function") continue;
    originals.set(name, descriptor);
    Object.defineProperty(prototype, name, {
      ...descriptor,
      value(this: GPUDevice, ...args: unknown[]): unknown {
        creations[name === ENCODER ? "encoders" : "objects"]++;
        return Reflect.apply(original, this, args);
      },
    });
  }
  try {
    run();
  } finally {
    for (const [name, descriptor] of originals) Object.defineProperty(prototype, name, descriptor);
  }
  return creations;
}
