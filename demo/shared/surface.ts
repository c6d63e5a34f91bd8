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
    const { width, height } = this.#canvas;
    const copied = this.#drawToBuffer(encode, width, height);
    // Mapping fails when the device is lost, which is told elsewhere.
    void copied
      .mapAsync(GPUMapMode.READ)
      .then(
        () => {
          this.#show(new Uint8Array(copied.getMappedRange()), width, height);
        },
        () => undefined,
      )
      .finally(() => {
        copied.destroy();
        this.#isCopying = false;
        const next = this.#waiting;
        this.#waiting = null;
        if (next) this.draw(next);
      });
  }

  #drawToBuffer(encode: (target: Target) => void, width: number, height: number): GPUBuffer {
    const device = this.#device;
    if (this.#texture?.width !== width || this.#texture.height !== height) {
      this.#texture?.destroy();
      this.#texture = device.createTexture({
        label: "surface",
        format: this.format,
        size: [width, height],
        usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC,
      });
    }
    const bytesPerRow = rowPitch(width);
    const copied = device.createBuffer({
      label: "surface",
      size: bytesPerRow * height,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    encode({ encoder, texture: this.#texture });
    encoder.copyTextureToBuffer({ texture: this.#texture }, { buffer: copied, bytesPerRow }, [width, height]);
    device.queue.submit([encoder.finish()]);
    return copied;
  }

  #show(rows: Uint8Array, width: number, height: number): void {
    const image = new ImageData(width, height);
    const rowBytes = BYTES_PER_PIXEL * width;
    for (let row = 0; row < height; row++) {
      const from = rowPitch(width) * row;
      image.data.set(rows.subarray(from, from + rowBytes), rowBytes * row);
    }
    this.#context.putImageData(image, 0, 0);
  }
}

const rowPitch = (width: number) => ROW_ALIGNMENT * Math.ceil((BYTES_PER_PIXEL * width) / ROW_ALIGNMENT);
