// The place of watch-steps.wgsl for a rule without an effective step.

fn watchState(at: u32, used: vec4<bool>, host: Scalars) {}

fn cappedOfLane() -> u32 {
  return 0u;
}

fn reportState(row: u32, invocation: u32) {}
