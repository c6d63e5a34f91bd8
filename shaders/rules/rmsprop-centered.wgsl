// Centered RMSprop (Graves, 2013), as PyTorch has it, eps outside the root:
//   g = gradScale * grad + weightDecay * param
//   v = alpha * v + (1 - alpha) * g^2
//   a = a + (1 - alpha) * (g - a)
//   param = param - lr * g / (sqrt(v - a^2) + eps)
// State: squareAvg is v, gradAvg is a.
// Near a constant gradient v - a^2 cancels; what rounding leaves below zero counts as zero.

struct State {
  squareAvg: vec4f,
  gradAvg: vec4f,
}

struct Scalars {
  gradScale: f32, // negative when maximizing
  weightDecay: f32,
  oneMinusAlpha: f32,
  retained: f32, // retained - dropped is alpha (src/host-scalars.ts)
  dropped: f32,
  lr: f32,
  eps: f32,
  momentumRetained: f32, // likewise the momentum, if there is any
  momentumDropped: f32,
}

fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update {
  let g = scalars.gradScale * grad + scalars.weightDecay * param;
  let squareAvg = scalars.retained * state.squareAvg + (scalars.oneMinusAlpha * (g * g) - scalars.dropped * state.squareAvg);
  let gradAvg = state.gradAvg + scalars.oneMinusAlpha * (g - state.gradAvg);
  let denominator = sqrt(max(squareAvg - gradAvg * gradAvg, vec4f())) + scalars.eps;
  let delta = scalars.lr * (g / denominator);
  return Update(delta, State(squareAvg, gradAvg));
}
