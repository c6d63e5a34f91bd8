// f = |x + y| + |x - y| / 10: a sharp valley, at 45 degrees to the coordinates that the rules scale.

fn valueAt(p: vec2f) -> f32 {
  return abs(p.x + p.y) + 0.1 * abs(p.x - p.y);
}

fn gradientAt(p: vec2f) -> vec2f {
  let across = sign(p.x + p.y);
  let along = 0.1 * sign(p.x - p.y);
  return vec2f(across + along, across - along);
}
