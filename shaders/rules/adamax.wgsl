// Adamax (Kingma and Ba, 2015, Algorithm 2), as PyTorch has it:
//   g = gradScale * grad + weightDecay * param
//   m = m + (1 - beta1) * (g - m)
//   u = max(beta2 * u, |g| + eps)
//   param = param - lr / (1 - beta1^t) * m / u
// State: expAvg is m, expInf is u.

struct State {
  expAvg: vec4f,
  expInf: vec4f,
}

struct Scalars {
  gradScale: f32, // negative when maximizing
  weightDecay: f32,
  oneMinusBeta1: f32,
  retained: f32, // retained - dropped is beta2 (src/host-scalars.ts)
  dropped: f32,
  stepSize: f32, // lr / (1 - beta1^t)
  eps: f32,
}

fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update {
  let g = scalars.gradScale * grad + scalars.weightDecay * param;
  let expAvg = state.expAvg + scalars.oneMinusBeta1 * (g - state.expAvg);
  let expInf = max(scalars.retained * state.expInf - scalars.dropped * state.expInf, abs(g) + scalars.eps);
  let delta = scalars.stepSize * (expAvg / expInf);
  return Update(delta, State(expAvg, expInf));
}
