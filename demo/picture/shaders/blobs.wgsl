// Shows the Gaussians themselves: each an ellipse of its colour with a dark rim, as see-through as it is. Placed after
// model.wgsl.

@group(0) @binding(0) var<uniform> model: Model;
@group(0) @binding(1) var<storage, read> gaussians: array<Gaussian>;

const SHOWN = 1.0; // standard deviations
const RIM = 0.72;  // where it begins, of the radius squared

struct Corner {
  @builtin(position) position: vec4f,
  @location(0) uv: vec2f, // of a circle of radius 1
  @location(1) @interpolate(flat) color: vec4f,
}

@vertex
fn place(@builtin(vertex_index) corner: u32, @builtin(instance_index) index: u32) -> Corner {
  let gaussian = gaussians[index];
  let uv = vec2f(f32(2 * (corner & 1)) - 1, f32(corner & 2) - 1);
  let along = SHOWN * uv / gaussian.inverseScale;
  let c = gaussian.direction.x;
  let s = gaussian.direction.y;
  let at = (gaussian.center + vec2f(along.x * c - along.y * s, along.x * s + along.y * c)) / f32(model.size);
  let color = vec4f(clamp(gaussian.color, vec3f(0), vec3f(1)), gaussian.opacity);
  return Corner(vec4f(2 * at.x - 1, 1 - 2 * at.y, 0, 1), uv, color);
}

@fragment
fn fill(corner: Corner) -> @location(0) vec4f {
  let radius = dot(corner.uv, corner.uv);
  if (radius > 1) { discard; }
  let shade = select(1.0, 0.6, radius > RIM);
  return vec4f(shade * corner.color.rgb, corner.color.a);
}
