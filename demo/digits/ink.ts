// Draws digits as ink on transparent paper. Must not know where they come from.
import { PIXELS, SIDE } from "./data";

/**
 * Draws digits row by row, as many side by side as the canvas has room for at a pixel each.
 * @param full the value of a pixel that is all ink
 * @param color of the ink, if not black
 */
export function drawInk(
  canvas: HTMLCanvasElement,
  pixels: ArrayLike<number>,
  full: number,
  color?: string,
): void {
  const columns = canvas.width / SIDE;
  const image = new ImageData(canvas.width, canvas.height);
  for (let index = 0; index < pixels.length; index++) {
    const digit = Math.floor(index / PIXELS);
    const pixel = index % PIXELS;
    const x = (digit % columns) * SIDE + (pixel % SIDE);
    const y = Math.floor(digit / columns) * SIDE + Math.floor(pixel / SIDE);
    image.data[4 * (y * canvas.width + x) + 3] = (255 / full) * pixels[index]!;
  }
  const context = canvas.getContext("2d")!;
  context.putImageData(image, 0, 0);
  if (color === undefined) return;
  context.globalCompositeOperation = "source-in";
  context.fillStyle = color;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "source-over";
}
