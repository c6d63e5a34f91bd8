// f = |x| + |y|, with a kink along both axes.

fn valueAt(p: vec2f) -> f32 {
  return abs(p.x) + abs(p.y);
}

fn gradientAt(p: vec2f) -> vec2f {
  return sign(p);
}
