// Notes the effective step sizes of a rule that has them (effectiveStep), from the state that the step left.

@group(0) @binding(7) var<storage, read_write> histograms: array<u32>;

const LOG10_OF_2 = 0.30102999566398120f;

var<private> capped: vec4u;

var<workgroup> bins: array<atomic<u32>, BIN_COUNT>;

fn watchState(at: u32, used: vec4<bool>) {
  let step = effectiveStep(states[at], scalars);
  // The logarithm of 0 is nothing to count on.
  let decades = LOG10_OF_2 * log2(max(step.stepSize, vec4f(1e-30)));
  let bin = floor(decades * BINS_PER_DECADE) + f32(BIN_COUNT / 2u);
  let clamped = vec4u(clamp(bin, vec4f(), vec4f(f32(BIN_COUNT) - 1.0)));
  for (var component = 0u; component < 4u; component++) {
    if (used[component]) {
      atomicAdd(&bins[clamped[component]], 1u);
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
