// Pictures as the fit needs them: square, small, as numbers. Must not touch the GPU, nor know the page.

/** Pictures above are refused before the browser spends its memory on them. */
export const MAX_MEGAPIXELS = 50;
export const MAX_FILE_MEGABYTES = 50;

/** A picture that cannot be used; the message says why and what to do. */
export class ImageError extends Error {
  override name = "ImageError";
}

/**
 * Opens a file as a picture.
 * @throws {ImageError} when it is none that the browser can read, or a huge one
 */
export async function openImage(file: File): Promise<ImageBitmap> {
  const name = file.name === "" ? "The picture" : `"${file.name}"`;
  if (file.size > MAX_FILE_MEGABYTES * 1e6) {
    throw new ImageError(
      `${name} has ${Math.round(file.size / 1e6)} MB; files up to ${MAX_FILE_MEGABYTES} MB are read`,
    );
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new ImageError(
      `${name} is not a picture that this browser can read; choose a PNG, JPEG, WebP or GIF file`,
    );
  }
  const { width, height } = bitmap;
  if (width * height > MAX_MEGAPIXELS * 1e6) {
    bitmap.close();
    throw new ImageError(
      `${name} has ${width} × ${height} pixels; pictures up to ${MAX_MEGAPIXELS} megapixels are used`,
    );
  }
  return bitmap;
}

/** The middle of a picture, scaled to `size` pixels square: `size`² times red, green, blue, 1, from 0 to 1. */
export function toPixels(source: ImageBitmap | OffscreenCanvas, size: number): Float32Array<ArrayBuffer> {
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("The browser gives no 2-D canvas");
  const side = Math.min(source.width, source.height);
  // What a picture leaves open is paper.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, size, size);
  context.imageSmoothingQuality = "high";
  context.drawImage(
    source,
    (source.width - side) / 2,
    (source.height - side) / 2,
    side,
    side,
    0,
    0,
    size,
    size,
  );
  return Float32Array.from(context.getImageData(0, 0, size, size).data, (value) => value / 255);
}
