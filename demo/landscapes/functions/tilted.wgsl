// f = (x + y)^2 + (x - y)^2 / 10: the smooth valley at 45 degrees.

fn valueAt(p: vec2f) -> f32 {
  let across = p.x + p.y;
  let along = p.x - p.y;
  return across * across + 0.1 * along * along;
}

fn gradientAt(p: vec2f) -> vec2f {
  let across = 2.0 * (p.x + p.y);
  let along = 0.2 * (p.x - p.y);
  return vec2f(across + along, across - along);
}
