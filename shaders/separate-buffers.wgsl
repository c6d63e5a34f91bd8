// Parameters and gradients in two buffers, as scalars: a vec4 view cannot cover a buffer of 4 or 20 bytes, and a
// vector store may touch a neighbour's components.

@group(0) @binding(3) var<storage, read_write> params: array<f32>;
@group(0) @binding(4) var<storage, read> grads: array<f32>;

fn loadParam(index: u32) -> f32 {
  return params[index];
}

fn loadGrad(index: u32) -> f32 {
  return grads[index];
}

fn storeParam(index: u32, value: f32) {
  params[index] = value;
}
