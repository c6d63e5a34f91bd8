// Gradients unscaled, clamped and clipped as decide.wgsl found for this step, which may be skipped.

@group(0) @binding(5) var<uniform> control: Control;

fn isSkipped() -> bool {
  return control.skip != 0u;
}

fn gradientOf(raw: vec4f) -> vec4f {
  return control.factor * (control.scale * clampedGradient(control.gradScale * raw, control.clipValue));
}
