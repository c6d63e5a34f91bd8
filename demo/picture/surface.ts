// Where a view draws: a canvas. Must not know what is drawn.
//
// A canvas takes its picture straight from the GPU, except on software adapters: there Chromium loses the device when a
// canvas has a WebGPU context and the page itself is composed without a GPU, and the picture lies in the memory of the
// CPU anyway, so it is copied.

export interface Surface {
  /** Draws and shows, now or when a drawing under way is done. */
  draw(encode: (pass: GPURenderPassEncoder) => void): void;
  /** Forgets what waits to be drawn, before what it draws from is destroyed. */
  cancel(): void;
}

/** Behind what is drawn: the background of model.wgsl. */
const CLEAR = { r: 0.5, g: 0.5, b: 0.5, a: 1 };

function render(
  device: GPUDevice,
  texture: GPUTexture,
  encode: (pass: GPURenderPassEncoder) => void,
): GPUCommandEncoder {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginRenderPass({
    colorAttachments: [{ view: texture.createView(), loadOp: "clear", storeOp: "store", clearValue: CLEAR }],
  });
  encode(pass);
  pass.end();
  return encoder;
}

const isSoftware = ({ adapterInfo }: GPUDevice) =>
  adapterInfo.isFallbackAdapter || adapterInfo.architecture === "swiftshader";

export const surfaceFormat = (device: GPUDevice): GPUTextureFormat =>
  isSoftware(device) ? "rgba8unorm" : navigator.gpu.getPreferredCanvasFormat();

export function surfaceOf(device: GPUDevice, canvas: HTMLCanvasElement): Surface {
  return isSoftware(device) ? new CopiedSurface(device, canvas) : new CanvasSurface(device, canvas);
}

class CanvasSurface implements Surface {
  readonly #device: GPUDevice;
  readonly #context: GPUCanvasContext;

  constructor(device: GPUDevice, canvas: HTMLCanvasElement) {
    const context = canvas.getContext("webgpu");
    if (!context) throw new Error("The browser gives no canvas for WebGPU");
    context.configure({ device, format: surfaceFormat(device), alphaMode: "opaque" });
    this.#device = device;
    this.#context = context;
  }

  draw(encode: (pass: GPURenderPassEncoder) => void): void {
    const encoder = render(this.#device, this.#context.getCurrentTexture(), encode);
    this.#device.queue.submit([encoder.finish()]);
  }

  cancel(): void {
    // Nothing ever waits.
  }
}

class CopiedSurface implements Surface {
  readonly #device: GPUDevice;
  readonly #context: CanvasRenderingContext2D;
  readonly #texture: GPUTexture;
  readonly #staging: GPUBuffer;
  /** What to draw when the copy under way has been shown. */
  #next: ((pass: GPURenderPassEncoder) => void) | null = null;
  #isBusy = false;

  /** @param canvas its width must be a multiple of 64, so that rows can be copied */
  constructor(device: GPUDevice, canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d");
    if (!context) throw new Error("The browser gives no 2-D canvas");
    const { width, height } = canvas;
    this.#device = device;
    this.#context = context;
    this.#texture = device.createTexture({
      label: "demo/picture/surface",
      size: [width, height],
      format: surfaceFormat(device),
      usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC,
    });
    this.#staging = device.createBuffer({
      label: "demo/picture/surface",
      size: 4 * width * height,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  draw(encode: (pass: GPURenderPassEncoder) => void): void {
    this.#next = encode;
    // A failure is that of the device, which tells the page itself.
    if (!this.#isBusy) this.#drawAll().catch(() => undefined);
  }

  cancel(): void {
    this.#next = null;
  }

  async #drawAll(): Promise<void> {
    this.#isBusy = true;
    const { width, height } = this.#texture;
    for (let encode = this.#next; encode; encode = this.#next) {
      this.#next = null;
      const encoder = render(this.#device, this.#texture, encode);
      const layout = { buffer: this.#staging, bytesPerRow: 4 * width };
      encoder.copyTextureToBuffer({ texture: this.#texture }, layout, [width, height]);
      this.#device.queue.submit([encoder.finish()]);
      await this.#staging.mapAsync(GPUMapMode.READ);
      const pixels = new Uint8ClampedArray(this.#staging.getMappedRange().slice(0));
      this.#staging.unmap();
      this.#context.putImageData(new ImageData(pixels, width, height), 0, 0);
    }
    this.#isBusy = false;
  }
}
