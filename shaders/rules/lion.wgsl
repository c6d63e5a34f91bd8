// Lion (Chen et al., 2023), as google/automl has it:
//   g = gradScale * grad
//   c = m + (1 - beta1) * (g - m)
//   param = param - lr * weightDecay * param - lr * sign(c)
//   m = m + (1 - beta2) * (g - m)
// State: expAvg is m.

struct State {
  expAvg: vec4f,
}

struct Scalars {
  gradScale: f32,
  decay: f32, // lr * weightDecay
  oneMinusBeta1: f32,
  oneMinusBeta2: f32,
  lr: f32,
}

fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update {
  let g = scalars.gradScale * grad;
  let d = g - state.expAvg;
  let c = state.expAvg + scalars.oneMinusBeta1 * d;
  let delta = scalars.decay * param + scalars.lr * sign(c);
  let expAvg = state.expAvg + scalars.oneMinusBeta2 * d;
  return Update(delta, State(expAvg));
}
