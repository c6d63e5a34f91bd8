// RMSprop (Hinton, 2012) with momentum, as PyTorch has it, eps outside the root:
//   g = gradScale * grad + weightDecay * param
//   v = alpha * v + (1 - alpha) * g^2
//   b = momentum * b + g / (sqrt(v) + eps)
//   param = param - lr * b
// State: squareAvg is v, momentumBuffer is b.

struct State {
  squareAvg: vec4f,
  momentumBuffer: vec4f,
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
  let ratio = g / denominator;
  let momentumBuffer = scalars.momentumRetained * state.momentumBuffer + (ratio - scalars.momentumDropped * state.momentumBuffer);
  let delta = scalars.lr * momentumBuffer;
  return Update(delta, State(squareAvg, momentumBuffer));
}
