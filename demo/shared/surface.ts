// A canvas that WebGPU draws on. Must not know what is drawn.
import { isSoftware } from "./device";

/** Where one picture is drawn. */
export type Target = { encoder: GPUCommandEncoder; texture: GPUTexture };

export interface Surface {
  /** The format of the textures drawn to. */
  readonly format: GPUTextureFormat;
  /** Draws an opaque picture of the canvas's size, and submits it. */
  draw(encode: (target: Target) => void): void;
}

/** The canvas as the device draws best on it. */
export function createSurface(device: GPUDevice, canvas: HTMLCanvasElement): Surface {
  return isSoftware(device) ? new CopiedSurface(device, canvas) : new DirectSurface(device, canvas);
}

class DirectSurface implements Surface {
  readonly format = navigator.gpu.getPreferredCanvasFormat();
  readonly #device: GPUDevice;
  readonly #context: GPUCanvasContext;

  constructor(device: GPUDevice, canvas: HTMLCanvasElement) {
    const context = canvas.getContext("webgpu");
    if (!context) throw new Error("The browser refuses to draw with WebGPU on a canvas");
    context.configure({
      device,
      format: this.format,
      usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_DST,
      alphaMode: "opaque",
    });
    this.#device = device;
    this.#context = context;
  }

  draw(encode: (target: Target) => void): void {
    const encoder = this.#device.createCommandEncoder();
    encode({ encoder, texture: this.#context.getCurrentTexture() });
    this.#device.queue.submit([encoder.finish()]);
  }
}

const BYTES_PER_PIXEL = 4;
/** What WebGPU asks of the rows of a copied texture. */
const ROW_ALIGNMENT = 256;

/**
 * Draws to a texture and copies it to the canvas: without a graphics card both are memory of the CPU, and Chromium's
 * software adapter loses the device when it draws on a canvas of a headless browser.
 */
class CopiedSurface implements Surface {
  readonly format = "rgba8unorm";
  readonly #device: GPUDevice;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #texture: GPUTexture | undefined;
  #isCopying = false;
  #waiting: ((target: Target) => void) | null = null;

  constructor(device: GPUDevice, canvas: HTMLCanvasElement) {
    this.#device = device;
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d")!;
  }

  draw(encode: (target: Target) => void): void {
    // While one is being copied, only the latest picture waits.
    if (this.#isCopying) {
      this.#waiting = encode;
      return;
    }
    this.#isCopying = true;
    // A lost device is told of by its own promise.
    void this.#copy(encode)
      .catch(() => undefined)
      .finally(() => {
        this.#isCopying = false;
        const next = this.#waiting;
        this.#waiting = null;
        if (next) this.draw(next);
      });
  }

  async #copy(encode: (target: Target) => void): Promise<void> {
    const device = this.#device;
    const { width, height } = this.#canvas;
    if (this.#texture?.width !== width || this.#texture.height !== height) {
      this.#texture?.destroy();
      this.#texture = device.createTexture({
        label: "surface",
        format: this.format,
        size: [width, height],
        usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC,
      });
    }
    const rowBytes = BYTES_PER_PIXEL * width;
    const bytesPerRow = ROW_ALIGNMENT * Math.ceil(rowBytes / ROW_ALIGNMENT);
    const copied = device.createBuffer({
      label: "surface",
      size: bytesPerRow * height,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    encode({ encoder, texture: this.#texture });
    encoder.copyTextureToBuffer({ texture: this.#texture }, { buffer: copied, bytesPerRow }, [width, height]);
    device.queue.submit([encoder.finish()]);
    try {
      await copied.mapAsync(GPUMapMode.READ);
      const rows = new Uint8Array(copied.getMappedRange());
      const image = new ImageData(width, height);
      for (let row = 0; row < height; row++) {
        image.data.set(rows.subarray(bytesPerRow * row, bytesPerRow * row + rowBytes), rowBytes * row);
      }
      this.#context.putImageData(image, 0, 0);
    } finally {
      copied.destroy();
    }
  }
}
