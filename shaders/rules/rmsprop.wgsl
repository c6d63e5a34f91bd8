// RMSprop (Hinton, 2012), as PyTorch has it, eps outside the root:
//   g = gradScale * grad + weightDecay * param
//   v = alpha * v + (1 - alpha) * g^2
//   param = param - lr * g / (sqrt(v) + eps)
// State: squareAvg is v.

struct State {
  squareAvg: vec4f,
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
  let denominator = sqrt(squareAvg) + scalars.eps;
  let delta = scalars.lr * (g / denominator);
  return Update(delta, State(squareAvg));
}
