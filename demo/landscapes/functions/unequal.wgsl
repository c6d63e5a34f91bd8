// f = |x| / 10 + |y|: ten times steeper in one direction than in the other.

fn valueAt(p: vec2f) -> f32 {
  return 0.1 * abs(p.x) + abs(p.y);
}

fn gradientAt(p: vec2f) -> vec2f {
  return vec2f(0.1, 1.0) * sign(p);
}
