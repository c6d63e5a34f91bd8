// NAdam (Dozat, 2016), as PyTorch has it since 2.0:
//   g = gradScale * grad + weightDecay * param
//   m = m + (1 - beta1) * (g - m)
//   v = beta2 * v + (1 - beta2) * g^2
//   mu_t = beta1 * (1 - 0.5 * 0.96^(t * momentumDecay)),  M_t = mu_1 * ... * mu_t
//   param = param - (lr * (1 - mu_t) / (1 - M_t) * g + lr * mu_(t+1) / (1 - M_(t+1)) * m) / (sqrt(v) / sqrt(1 - beta2^t) + eps)
// State: expAvg is m, expAvgSq is v; the product M is kept on the host.

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
  stepGrad: f32, // lr * (1 - mu_t) / (1 - M_t) * sqrt(1 - beta2^t)
  stepAvg: f32, // lr * mu_(t+1) / (1 - M_(t+1)) * sqrt(1 - beta2^t)
  eps: f32, // eps * sqrt(1 - beta2^t)
}

fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update {
  let g = scalars.gradScale * grad + scalars.weightDecay * param;
  let expAvg = state.expAvg + scalars.oneMinusBeta1 * (g - state.expAvg);
  let expAvgSq = scalars.retained * state.expAvgSq + (scalars.oneMinusBeta2 * (g * g) - scalars.dropped * state.expAvgSq);
  let denominator = sqrt(expAvgSq) + scalars.eps;
  let delta = scalars.stepGrad * (g / denominator) + scalars.stepAvg * (expAvg / denominator);
  return Update(delta, State(expAvg, expAvgSq));
}
