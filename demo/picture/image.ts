// Pictures as the fit needs them: square, small, as numbers. Must not touch the GPU, nor know the page.

/** Side of the squares that pictures are kept as, in pixels; at least that of the largest fit. */
export const SOURCE_SIZE = 512;

/** Pictures above are refused before the browser spends its memory on them. */
const MAX_MEGAPIXELS = 50;
const MAX_FILE_MEGABYTES = 50;
/** Of a file, in messages. */
const MAX_NAME_LENGTH = 32;

/** A picture that cannot be used; the message says why and what to do. */
export class ImageError extends Error {
  override name = "ImageError";
}

/**
 * The middle square of a picture in a file.
 * @throws {ImageError} when it is none that the browser can read, or a huge one
 */
export async function openImage(file: File): Promise<OffscreenCanvas> {
  const name = `"${shortened(file.name)}"`;
  if (file.size > MAX_FILE_MEGABYTES * 1e6) {
    const megabytes = Math.round(file.size / 1e6);
    throw new ImageError(`${name} has ${megabytes} MB; files up to ${MAX_FILE_MEGABYTES} MB can be used`);
  }
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    // Loaded, an image knows its size and is not decoded yet.
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = reject;
    }).catch(() => refuse(name));
    const { naturalWidth: width, naturalHeight: height } = image;
    if (width * height > MAX_MEGAPIXELS * 1e6) {
      throw new ImageError(
        `${name} has ${width} × ${height} pixels; pictures up to ${MAX_MEGAPIXELS} megapixels can be used`,
      );
    }
    await image.decode().catch(() => refuse(name));
    return toSquare(image, width, height, SOURCE_SIZE);
  } finally {
    URL.revokeObjectURL(url);
  }
}

function shortened(name: string): string {
  return name.length <= MAX_NAME_LENGTH ? name : `${name.slice(0, MAX_NAME_LENGTH)}…`;
}

function refuse(name: string): never {
  throw new ImageError(
    `${name} is no picture that this browser can read; choose a PNG, JPEG, WebP, GIF or SVG file`,
  );
}

function toSquare(source: CanvasImageSource, width: number, height: number, size: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(size, size);
  const context = contextOf(canvas);
  // What a picture leaves open is paper.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, size, size);
  context.imageSmoothingQuality = "high";
  const side = Math.min(width, height);
  context.drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, size, size);
  return canvas;
}

/** A square picture scaled to `size` pixels: `size`² times red, green, blue, 1, from 0 to 1. */
export function toPixels(source: OffscreenCanvas, size: number): Float32Array<ArrayBuffer> {
  const canvas = toSquare(source, source.width, source.height, size);
  return Float32Array.from(contextOf(canvas).getImageData(0, 0, size, size).data, (value) => value / 255);
}

function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("The browser gives no 2-D canvas");
  return context;
}
