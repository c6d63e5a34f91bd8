// Gradients clamped to a largest magnitude.

fn clampedGradient(gradient: vec4f, limit: f32) -> vec4f {
  return clamp(gradient, vec4f(-limit), vec4f(limit));
}
