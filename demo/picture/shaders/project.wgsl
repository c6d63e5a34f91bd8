// Makes the Gaussians of a step from its parameters: one thread each. Scales are stored as logarithms and opacities as
// logits, so that every real number is legal; positions and scales are in sides of the picture.

@group(0) @binding(0) var<uniform> model: Model;
@group(0) @binding(1) var<storage, read> params: array<u32>; // the bits of floats
@group(0) @binding(2) var<storage, read_write> gaussians: array<Gaussian>;

const EXPONENT = 0x7f800000u; // all its bits are set in NaN and infinity

fn param(index: u32) -> f32 { return bitcast<f32>(params[index]); }

/** Whether all parameters are finite, by their bits: WGSL may take it for granted of floats. */
fn isWhole(i: u32) -> bool {
  let starts = array(model.position, model.scale, model.rotation, model.color, model.opacity);
  let widths = array(2u, 2u, 1u, 3u, 1u);
  var whole = true;
  for (var tensor = 0; tensor < 5; tensor++) {
    for (var part = 0u; part < widths[tensor]; part++) {
      whole &= (params[starts[tensor] + widths[tensor] * i + part] & EXPONENT) != EXPONENT;
    }
  }
  return whole;
}

@compute @workgroup_size(64, 1, 1)
fn project(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= model.gaussianCount) { return; }
  let size = f32(model.size);
  let center = size * vec2f(param(model.position + 2 * i), param(model.position + 2 * i + 1));
  let own = size * exp(vec2f(param(model.scale + 2 * i), param(model.scale + 2 * i + 1)));
  let scale = sqrt(own * own + MIN_SCALE * MIN_SCALE);
  let angle = param(model.rotation + i);
  let direction = vec2f(cos(angle), sin(angle));

  // Half width and height of the rotated ellipse.
  let squares = direction * direction;
  let extent = REACH * sqrt(vec2f(dot(squares, scale * scale), dot(squares.yx, scale * scale)));
  let low = vec2i(floor(clamp(center - extent, vec2f(0), vec2f(size))));
  let high = vec2i(ceil(clamp(center + extent, vec2f(0), vec2f(size))));

  gaussians[i] = Gaussian(
    center,
    1 / scale,
    direction,
    1 / (1 + exp(-param(model.opacity + i))),
    select(1u, 0u, isWhole(i)),
    vec3f(param(model.color + 3 * i), param(model.color + 3 * i + 1), param(model.color + 3 * i + 2)),
    // Parameters that left the numbers must not make loops endless.
    clamp(vec4i(low, high), vec4i(0), vec4i(i32(model.size))),
  );
}
