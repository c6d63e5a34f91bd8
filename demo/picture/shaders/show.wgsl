// Shows a picture on a canvas of any size, or what is wrong with it; between the pixels it blends.

struct Show {
  size: u32,
  asError: u32, // 0: the picture; 1: its distance from the goal, in each channel
}

@group(0) @binding(0) var<uniform> show: Show;
@group(0) @binding(1) var<storage, read> picture: array<vec4f>;
@group(0) @binding(2) var<storage, read> goal: array<vec4f>;

const ERROR_GAIN = 4.0;

struct Corner {
  @builtin(position) position: vec4f,
  @location(0) place: vec2f, // in sides of the picture
}

@vertex
fn cover(@builtin(vertex_index) index: u32) -> Corner {
  let place = vec2f(f32(2 * (index & 1)), f32(index & 2));
  return Corner(vec4f(2 * place.x - 1, 1 - 2 * place.y, 0, 1), place);
}

fn pixel(at: vec2i) -> vec3f {
  let inside = vec2u(clamp(at, vec2i(0), vec2i(i32(show.size) - 1)));
  let index = inside.y * show.size + inside.x;
  let color = clamp(picture[index].rgb, vec3f(0), vec3f(1));
  return select(color, ERROR_GAIN * abs(color - goal[index].rgb), show.asError == 1);
}

@fragment
fn paint(corner: Corner) -> @location(0) vec4f {
  let at = corner.place * f32(show.size) - 0.5;
  let low = vec2i(floor(at));
  let part = fract(at);
  let upper = mix(pixel(low), pixel(low + vec2i(1, 0)), part.x);
  let lower = mix(pixel(low + vec2i(0, 1)), pixel(low + vec2i(1, 1)), part.x);
  return vec4f(mix(upper, lower, part.y), 1);
}
