// f = x^2 / 20 + y^2: a plain ravine. The page adds noise to its gradients, more than they are long near the floor.

fn valueAt(p: vec2f) -> f32 {
  return 0.05 * p.x * p.x + p.y * p.y;
}

fn gradientAt(p: vec2f) -> vec2f {
  return vec2f(0.1, 2.0) * p;
}
