// Rosenbrock's function, f = (1 - x)^2 + 100 (y - x^2)^2: a bent valley, easy to find and slow to follow.

fn valueAt(p: vec2f) -> f32 {
  let ahead = 1.0 - p.x;
  let off = p.y - p.x * p.x;
  return ahead * ahead + 100.0 * off * off;
}

fn gradientAt(p: vec2f) -> vec2f {
  let off = p.y - p.x * p.x;
  return vec2f(-2.0 * (1.0 - p.x) - 400.0 * p.x * off, 200.0 * off);
}
