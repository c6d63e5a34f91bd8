// Gradients as they are: no clipping, no skipping.

fn isSkipped() -> bool {
  return false;
}

fn gradientOf(raw: vec4f) -> vec4f {
  return raw;
}
