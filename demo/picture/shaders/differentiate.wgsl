// The backward pass: one workgroup per Gaussian gathers its gradient from the pixels that it touches. Nothing is
// scattered, so it needs no atomics, and sums have a fixed order.
//
// With f = exp(−(u² + v²)/2), w' = ∂L/∂w = c·r − q (draw.wgsl) and g = w'·opacity·f, which is −∂L/∂((u² + v²)/2):
//   ∂L/∂center.x  = Σ g·(u·cos θ/s.x − v·sin θ/s.y)
//   ∂L/∂center.y  = Σ g·(u·sin θ/s.x + v·cos θ/s.y)
//   ∂L/∂ln s.x    = Σ g·u²,   ∂L/∂ln s.y = Σ g·v²
//   ∂L/∂θ         = Σ g·u·v·(s.x/s.y − s.y/s.x)
//   ∂L/∂color     = Σ w·r
//   ∂L/∂opacity   = Σ w'·(f − CUT)

@group(0) @binding(0) var<uniform> model: Model;
@group(0) @binding(1) var<storage, read> gaussians: array<Gaussian>;
@group(0) @binding(2) var<storage, read> residuals: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> grads: array<f32>;

struct Sums {
  color: vec3f,   // w·r
  opacity: f32,   // w'·(f − CUT)
  linear: vec2f,  // g·(u, v)
  squares: vec3f, // g·(u², u·v, v²)
}

const LANES = 32u;
const COLUMNS = 8i;
const ROWS = 4i;

var<workgroup> lanes: array<Sums, LANES>;

@compute @workgroup_size(COLUMNS, ROWS, 1)
fn differentiate(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.x;
  let gaussian = gaussians[i];
  var sums: Sums;
  for (var y = gaussian.bounds.y + i32(local.y); y < gaussian.bounds.w; y += ROWS) {
    for (var x = gaussian.bounds.x + i32(local.x); x < gaussian.bounds.z; x += COLUMNS) {
      let uv = coordinates(gaussian, vec2i(x, y));
      let f = exp(-0.5 * dot(uv, uv));
      if (f > CUT) {
        let residual = residuals[u32(y) * model.size + u32(x)];
        let byWeight = dot(gaussian.color, residual.xyz) - residual.w;
        let g = byWeight * gaussian.opacity * f;
        sums.color += gaussian.opacity * (f - CUT) * residual.xyz;
        sums.opacity += byWeight * (f - CUT);
        sums.linear += g * uv;
        sums.squares += g * vec3f(uv.x * uv.x, uv.x * uv.y, uv.y * uv.y);
      }
    }
  }
  lanes[lane] = sums;
  workgroupBarrier();
  if (lane != 0) { return; }
  for (var other = 1u; other < LANES; other++) {
    sums.color += lanes[other].color;
    sums.opacity += lanes[other].opacity;
    sums.linear += lanes[other].linear;
    sums.squares += lanes[other].squares;
  }

  let inverse = gaussian.inverseScale;
  let c = gaussian.direction.x;
  let s = gaussian.direction.y;
  let along = sums.linear * inverse;
  let size = f32(model.size);
  grads[model.position + 2 * i] = size * (along.x * c - along.y * s);
  grads[model.position + 2 * i + 1] = size * (along.x * s + along.y * c);
  // The share of the parameter in s, which MIN_SCALE has the rest of.
  let share = 1 - MIN_SCALE * MIN_SCALE * inverse * inverse;
  grads[model.scale + 2 * i] = share.x * sums.squares.x;
  grads[model.scale + 2 * i + 1] = share.y * sums.squares.z;
  grads[model.rotation + i] = sums.squares.y * (inverse.y / inverse.x - inverse.x / inverse.y);
  grads[model.color + 3 * i] = sums.color.x;
  grads[model.color + 3 * i + 1] = sums.color.y;
  grads[model.color + 3 * i + 2] = sums.color.z;
  grads[model.opacity + i] = sums.opacity * gaussian.opacity * (1 - gaussian.opacity);
}
