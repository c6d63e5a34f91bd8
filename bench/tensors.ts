// Parameters and gradients for the subjects that step buffers of the caller's. Must not know any subject.
import { ParameterArena, type Parameter } from "webgpu-optim";
import { normalFrom, seededRandom } from "../demo/shared/random";
import type { Entrant } from "./rows";
import { NotMeasurableError } from "./runner";

/** Buffers of one tensor. */
export type TensorBuffers = { param: GPUBuffer; grad: GPUBuffer; length: number };

const NOISE_LENGTH = 2 ** 16;
const SEED = 1;

let noise: Float32Array<ArrayBuffer> | undefined;

/** Normal numbers, none of them so small that arithmetic on it would be slow. */
export function normals(): Float32Array<ArrayBuffer> {
  if (!noise) {
    const normal = normalFrom(seededRandom(SEED));
    noise = Float32Array.from({ length: NOISE_LENGTH }, () => {
      const value = normal();
      return Math.abs(value) < 1e-3 ? 1e-3 : value;
    });
  }
  return noise;
}

/** As many normal numbers as asked for; they repeat. */
export function normalsOf(length: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(length);
  for (let first = 0; first < length; first += NOISE_LENGTH) {
    values.set(normals().subarray(0, Math.min(NOISE_LENGTH, length - first)), first);
  }
  return values;
}

/** Fills a buffer with normal numbers. */
export function fill(device: GPUDevice, buffer: GPUBuffer): void {
  const values = normals();
  for (let offset = 0; offset < buffer.size; offset += values.byteLength) {
    const length = Math.min(values.length, (buffer.size - offset) / 4);
    device.queue.writeBuffer(buffer, offset, values, 0, length);
  }
}

/** Runs what creates buffers. @throws {NotMeasurableError} when the memory was not to be had */
export async function withMemory<Value>(device: GPUDevice, create: () => Value): Promise<Value> {
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  let value: Value;
  try {
    value = create();
  } finally {
    const scopes = [device.popErrorScope(), device.popErrorScope()];
    const error = (await Promise.all(scopes)).find((found) => found !== null);
    // eslint-disable-next-line no-unsafe-finally
    if (error) throw new NotMeasurableError(error.message || "out of memory");
  }
  return value;
}

/** Elements at each end of a parameter that a look at it shows. */
const PEEKED = 16;

/** The first and the last elements. */
export function ends(values: Float32Array): Float32Array {
  if (values.length <= 2 * PEEKED) return values;
  return Float32Array.from([...values.subarray(0, PEEKED), ...values.subarray(-PEEKED)]);
}

/** The first and the last elements of a buffer's first floats. */
export async function peek(device: GPUDevice, buffer: GPUBuffer, length: number): Promise<Float32Array> {
  const count = Math.min(PEEKED, Math.ceil(length / 2));
  const bytes = 4 * count;
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const staging = device.createBuffer({ size: 2 * bytes, usage });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, bytes);
  encoder.copyBufferToBuffer(buffer, 4 * length - bytes, staging, bytes, bytes);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const values = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return values;
}

/** Each tensor with two buffers of its own, filled. */
export function separateTensors(
  device: GPUDevice,
  { parameters, tensors }: Entrant,
): Promise<TensorBuffers[]> {
  const length = parameters / tensors;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  return withMemory(device, () =>
    Array.from({ length: tensors }, (_, index) => {
      const create = (label: string) =>
        device.createBuffer({ label: `bench/${label}.${index}`, size: 4 * length, usage });
      const buffers = { param: create("param"), grad: create("grad"), length };
      fill(device, buffers.param);
      fill(device, buffers.grad);
      return buffers;
    }),
  );
}

/** Parameters of an entrant in its layout, the buffer of the first, and what frees them. */
export type Tensors = { parameters: Parameter[]; first: GPUBuffer; destroy: () => void };

export async function createTensors(device: GPUDevice, entrant: Entrant): Promise<Tensors> {
  if (entrant.layout === "separate") {
    const buffers = await separateTensors(device, entrant);
    return {
      parameters: buffers.map(({ param, grad }) => ({ param, grad })),
      first: buffers[0]!.param,
      destroy() {
        for (const { param, grad } of buffers) {
          param.destroy();
          grad.destroy();
        }
      },
    };
  }
  const { parameters, tensors } = entrant;
  const shapes = Array.from(
    { length: tensors },
    (_, index) => [`tensor.${index}`, [parameters / tensors]] as const,
  );
  const arena = new ParameterArena(device, Object.fromEntries(shapes));
  await arena.ready;
  fill(device, arena.paramBuffer);
  fill(device, arena.gradBuffer);
  return {
    parameters: arena.parameters,
    first: arena.paramBuffer,
    destroy() {
      arena.destroy();
    },
  };
}
