// Draws the height of a landscape: shading, and lines at even distances of height^power. Follows a landscape (functions/).

struct Look {
  center: vec2f,
  halfSize: vec2f,
  low: vec4f,
  high: vec4f,
  line: vec4f,
  power: f32,
  spacing: f32,
}

@group(0) @binding(0) var<uniform> look: Look;

struct Corner {
  @builtin(position) clip: vec4f,
  @location(0) place: vec2f,
}

// One triangle that covers the canvas.
@vertex
fn cover(@builtin(vertex_index) index: u32) -> Corner {
  let at = vec2f(f32(index & 1u), f32(index >> 1u)) * 4.0 - 1.0;
  return Corner(vec4f(at, 0.0, 1.0), look.center + at * look.halfSize);
}

@fragment
fn shade(corner: Corner) -> @location(0) vec4f {
  let level = pow(max(valueAt(corner.place), 0.0), look.power) / look.spacing;
  // Pixels between neighbouring lines: where they crowd, lines fade instead of shimmering.
  let slope = max(fwidth(level), 1e-6);
  let fromLine = abs(fract(level + 0.5) - 0.5) / slope;
  let line = (1.0 - smoothstep(0.4, 1.1, fromLine)) * (1.0 - smoothstep(0.12, 0.4, slope));
  let ground = mix(look.low, look.high, 1.0 - exp(-0.12 * level));
  return vec4f(mix(ground, look.line, line).rgb, 1.0);
}
