// Notes the effective step sizes of a rule that has them (effectiveStep), from the state that the step left.

@group(0) @binding(7) var<storage, read_write> histograms: array<u32>;

var<private> capped: vec4u;

var<workgroup> bins: array<atomic<u32>, BIN_COUNT>;

fn watchState(at: u32, used: vec4<bool>, host: Scalars) {
  let step = effectiveStep(states[at], host);
  // The exponent of a float is the floor of its log2.
  let exponent = vec4i(bitcast<vec4u>(step.stepSize) >> vec4u(23u)) - vec4i(127 + LOWEST_BIN);
  let bin = clamp(exponent, vec4i(), vec4i(i32(BIN_COUNT) - 1));
  for (var component = 0u; component < 4u; component++) {
    if (used[component]) {
      atomicAdd(&bins[bin[component]], 1u);
    }
  }
  capped += select(vec4u(), vec4u(1u), step.capped & used);
}

fn cappedOfLane() -> u32 {
  return capped.x + capped.y + capped.z + capped.w;
}

fn reportState(row: u32, invocation: u32) {
  workgroupBarrier();
  for (var i = invocation; i < BIN_COUNT; i += WORKGROUP_SIZE) {
    histograms[row * BIN_COUNT + i] = atomicLoad(&bins[i]);
  }
}
