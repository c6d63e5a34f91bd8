// The place of clamp-gradient.wgsl where gradients are not clamped: a NaN stays one.

fn clampedGradient(gradient: vec4f, limit: f32) -> vec4f {
  return gradient;
}
