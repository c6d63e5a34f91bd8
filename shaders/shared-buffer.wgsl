// Parameters and gradients in one buffer, bound once: WebGPU refuses a writable binding beside another one of the same
// buffer in one dispatch.

@group(0) @binding(3) var<storage, read_write> memory: array<f32>;

fn loadParam(index: u32) -> f32 {
  return memory[index];
}

fn loadGrad(index: u32) -> f32 {
  return memory[index];
}

fn storeParam(index: u32, value: f32) {
  memory[index] = value;
}
