// Draws points as small squares, straight from the buffer that the optimizer steps.

struct View {
  center: vec2f,
  halfSize: vec2f,
  size: vec2f, // half a point's, in clip space
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<uniform> color: vec4f;
@group(0) @binding(2) var<storage, read> points: array<vec2f>;

// Two triangles a point: an instance a point would be far slower without a graphics card.
const CORNERS = array(vec2f(-1, -1), vec2f(1, -1), vec2f(-1, 1), vec2f(-1, 1), vec2f(1, -1), vec2f(1, 1));

@vertex
fn corner(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
  let at = (points[index / 6u] - view.center) / view.halfSize;
  let side = CORNERS[index % 6u];
  return vec4f(at + side * view.size, 0.0, 1.0);
}

@fragment
fn paint() -> @location(0) vec4f {
  return vec4f(color.rgb * color.a, color.a);
}
