// AdamW (Loshchilov and Hutter, 2019): Adam with decoupled weight decay:
//   g = gradScale * grad
//   m = m + (1 - beta1) * (g - m)
//   v = v + (1 - beta2) * (g * g - v)
//   param = param - lr * weightDecay * param - lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
// State: expAvg is m, expAvgSq is v.

struct State {
  expAvg: vec4f,
  expAvgSq: vec4f,
}

struct Scalars {
  gradScale: f32, // negative when maximizing
  decay: f32, // lr * weightDecay
  oneMinusBeta1: f32,
  oneMinusBeta2: f32,
  stepSize: f32, // lr / (1 - beta1^t)
  denominatorScale: f32, // 1 / sqrt(1 - beta2^t)
  eps: f32,
}

fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update {
  let g = scalars.gradScale * grad;
  let expAvg = lerp(state.expAvg, g, scalars.oneMinusBeta1);
  let expAvgSq = lerp(state.expAvgSq, g * g, scalars.oneMinusBeta2);
  let denominator = max(sqrt(expAvgSq) * scalars.denominatorScale + scalars.eps, vec4f(SMALLEST_NORMAL));
  let delta = scalars.decay * param + scalars.stepSize * (expAvg / denominator);
  return Update(delta, State(expAvg, expAvgSq));
}
