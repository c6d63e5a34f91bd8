// Gradients unscaled, clamped and clipped as decide.wgsl found for this step, which may be skipped.

@group(0) @binding(5) var<uniform> control: Control;

// Loaded once, as the scalars are.
var<private> decided: Control;

fn isSkipped() -> bool {
  decided = control;
  return control.skip != 0u;
}

fn gradientOf(raw: vec4f) -> vec4f {
  return decided.factor * (decided.scale * clampedGradient(decided.gradScale * raw, decided.clipValue));
}
