// Adam (Kingma and Ba, 2015, Algorithm 1), with PyTorch's coupled weight decay:
//   g = gradScale * grad + weightDecay * param
//   m = m + (1 - beta1) * (g - m)
//   v = beta2 * v + (1 - beta2) * g^2
//   param = param - lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
// State: expAvg is m, expAvgSq is v.

struct State {
  expAvg: vec4f,
  expAvgSq: vec4f,
}

struct Scalars {
  gradScale: f32, // negative when maximizing
  weightDecay: f32,
  oneMinusBeta1: f32,
  oneMinusBeta2: f32,
  retained: f32, // retained - dropped is beta2 (src/host-scalars.ts)
  dropped: f32,
  stepSize: f32, // lr / (1 - beta1^t) * sqrt(1 - beta2^t)
  eps: f32, // eps * sqrt(1 - beta2^t)
  meanStepSize: f32, // lr * sqrt(1 - beta2^t), for the monitor alone
}

fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update {
  let g = scalars.gradScale * grad + scalars.weightDecay * param;
  let expAvg = state.expAvg + scalars.oneMinusBeta1 * (g - state.expAvg);
  let expAvgSq = scalars.retained * state.expAvgSq + (scalars.oneMinusBeta2 * (g * g) - scalars.dropped * state.expAvgSq);
  let denominator = sqrt(expAvgSq) + scalars.eps;
  let delta = scalars.stepSize * (expAvg / denominator);
  return Update(delta, State(expAvg, expAvgSq));
}

fn effectiveStep(state: State, scalars: Scalars) -> EffectiveStep {
  return EffectiveStep(scalars.meanStepSize / (sqrt(state.expAvgSq) + scalars.eps), vec4<bool>());
}
