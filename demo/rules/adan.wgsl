// Adan (Xie et al., 2022), as sail-sg/Adan has it:
//   g = gradScale * grad
//   d = g - previous g                                  (0 in the first step)
//   m = m + (1 - beta1) * (g - m)
//   n = n + (1 - beta2) * (d - n)
//   q = beta3 * q + (1 - beta3) * (g + beta2 * d)^2
//   u = (lr / (1 - beta1^t) * m + lr * beta2 / (1 - beta2^t) * n) / (sqrt(q) / sqrt(1 - beta3^t) + eps)
//   param = (param - u) / (1 + lr * weightDecay)        (noProx: param * (1 - lr * weightDecay) - u)
// State: expAvg is m, expAvgDiff is n, expAvgSq is q, prevGrad is the previous g.

struct State {
  expAvg: vec4f,
  expAvgDiff: vec4f,
  expAvgSq: vec4f,
  prevGrad: vec4f,
}

struct Scalars {
  gradScale: f32,
  diffWeight: f32, // 0 in the first step, else 1
  oneMinusBeta1: f32,
  oneMinusBeta2: f32,
  beta2: f32,
  oneMinusBeta3: f32,
  retained: f32, // retained - dropped is beta3
  dropped: f32,
  stepAvg: f32, // lr / (1 - beta1^t) * sqrt(1 - beta3^t)
  stepDiff: f32, // lr * beta2 / (1 - beta2^t) * sqrt(1 - beta3^t)
  eps: f32, // eps * sqrt(1 - beta3^t)
  decay: f32, // lr * weightDecay
  shrink: f32, // 1 / (1 + lr * weightDecay), 1 with noProx
}

fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update {
  let g = scalars.gradScale * grad;
  let d = scalars.diffWeight * (g - state.prevGrad);
  let u = g + scalars.beta2 * d;
  let expAvg = state.expAvg + scalars.oneMinusBeta1 * (g - state.expAvg);
  let expAvgDiff = state.expAvgDiff + scalars.oneMinusBeta2 * (d - state.expAvgDiff);
  let expAvgSq = scalars.retained * state.expAvgSq + (scalars.oneMinusBeta3 * (u * u) - scalars.dropped * state.expAvgSq);
  let denominator = sqrt(expAvgSq) + scalars.eps;
  let change = scalars.stepAvg * (expAvg / denominator) + scalars.stepDiff * (expAvgDiff / denominator);
  let delta = scalars.shrink * (scalars.decay * param + change);
  return Update(delta, State(expAvg, expAvgDiff, expAvgSq, g));
}
