// The state of a rule that has some: one interleaved binding for all of its slots, a vec4 of each side by side.

// What a rule returns: the amount to subtract from the parameter, and the new state.
struct Update {
  delta: vec4f,
  state: State,
}

// What the effectiveStep of a rule returns, if it has one (watch-steps.wgsl).
struct EffectiveStep {
  stepSize: vec4f, // what the corrected mean of the gradients is multiplied by
  capped: vec4<bool>, // moved as far as a cap of the rule allows
}

@group(0) @binding(2) var<storage, read_write> states: array<State>;

fn deltaOf(param: vec4f, grad: vec4f, at: u32, host: Scalars) -> vec4f {
  let result = update(param, grad, states[at], host);
  states[at] = result.state;
  return result.delta;
}
