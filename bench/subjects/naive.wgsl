// Adam as it is written by hand for one tensor: one element per invocation, each power computed by each of them.

struct Options {
  lr: f32,
  beta1: f32,
  beta2: f32,
  eps: f32,
  step: f32,
  length: u32,
}

@group(0) @binding(0) var<uniform> options: Options;
@group(0) @binding(1) var<storage, read_write> params: array<f32>;
@group(0) @binding(2) var<storage, read> grads: array<f32>;
@group(0) @binding(3) var<storage, read_write> m: array<f32>;
@group(0) @binding(4) var<storage, read_write> v: array<f32>;

@compute @workgroup_size(256)
fn adam(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= options.length) {
    return;
  }
  let g = grads[i];
  m[i] = options.beta1 * m[i] + (1.0 - options.beta1) * g;
  v[i] = options.beta2 * v[i] + (1.0 - options.beta2) * g * g;
  let mHat = m[i] / (1.0 - pow(options.beta1, options.step));
  let vHat = v[i] / (1.0 - pow(options.beta2, options.step));
  params[i] = params[i] - options.lr * mHat / (sqrt(vHat) + options.eps);
}
