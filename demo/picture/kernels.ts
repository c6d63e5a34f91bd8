// The compute kernels of the fit, compiled once for a device. Must not know models, rules or pages.
import binWgsl from "./shaders/bin.wgsl?raw";
import differentiateWgsl from "./shaders/differentiate.wgsl?raw";
import drawWgsl from "./shaders/draw.wgsl?raw";
import measureWgsl from "./shaders/measure.wgsl?raw";
import modelWgsl from "./shaders/model.wgsl?raw";
import projectWgsl from "./shaders/project.wgsl?raw";

const SOURCES = {
  project: projectWgsl,
  bin: binWgsl,
  draw: drawWgsl,
  measure: measureWgsl,
  differentiate: differentiateWgsl,
};

export type KernelName = keyof typeof SOURCES;
export type Kernels = Record<KernelName, GPUComputePipeline>;

/** Side of a tile in pixels, as model.wgsl has it; the side of a picture is a multiple of it. */
export const TILE = 8;

export async function compileKernels(device: GPUDevice): Promise<Kernels> {
  const compiled = Object.entries(SOURCES).map(async ([name, source]) => {
    const label = `demo/picture/${name}`;
    const module = device.createShaderModule({ label, code: `${modelWgsl}\n${source}` });
    const compute = { module, entryPoint: name };
    return [name, await device.createComputePipelineAsync({ label, layout: "auto", compute })] as const;
  });
  return Object.fromEntries(await Promise.all(compiled)) as Kernels;
}
