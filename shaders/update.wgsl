// What the functions of a rule that has a state return.

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
