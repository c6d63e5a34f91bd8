// Beale's function, f = (1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2: flat around its minimum at
// (3, 0.5), with walls that rise to 10^5 at the corners.

fn terms(p: vec2f) -> vec3f {
  let y = p.y;
  return vec3f(1.5, 2.25, 2.625) + p.x * (vec3f(y, y * y, y * y * y) - 1.0);
}

fn valueAt(p: vec2f) -> f32 {
  let t = terms(p);
  return dot(t, t);
}

fn gradientAt(p: vec2f) -> vec2f {
  let y = p.y;
  let t = 2.0 * terms(p);
  return vec2f(dot(t, vec3f(y, y * y, y * y * y) - 1.0), p.x * dot(t, vec3f(1.0, 2.0 * y, 3.0 * y * y)));
}
