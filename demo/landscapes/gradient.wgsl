// The backward pass of the swarm: each point's gradient, read from the parameters and written to the gradients that the
// optimizer steps with. Follows a landscape (functions/: valueAt, gradientAt) and noise.wgsl.

struct Step {
  seed: u32,
  step: u32,
  noise: f32, // standard deviation of what is added to each component
}

@group(0) @binding(0) var<uniform> current: Step;
@group(0) @binding(1) var<storage, read> points: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> gradients: array<vec2f>;

@compute @workgroup_size(64, 1, 1)
fn computeGradients(@builtin(global_invocation_id) id: vec3u) {
  let index = id.x;
  if (index >= arrayLength(&points)) {
    return;
  }
  var gradient = gradientAt(points[index]);
  if (current.noise > 0.0) {
    gradient += current.noise * normalPair(vec3u(current.seed, current.step, index));
  }
  gradients[index] = gradient;
}
