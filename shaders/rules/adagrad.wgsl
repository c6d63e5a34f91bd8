// Adagrad (Duchi, Hazan and Singer, 2011), as PyTorch has it:
//   g = gradScale * grad + weightDecay * param
//   a = a + g^2
//   param = param - lr / (1 + (t - 1) * lrDecay) * g / (sqrt(a) + eps)
// State: sum is a.

struct State {
  sum: vec4f,
}

struct Scalars {
  gradScale: f32, // negative when maximizing
  weightDecay: f32,
  stepSize: f32, // lr / (1 + (t - 1) * lrDecay)
  eps: f32,
}

fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update {
  let g = scalars.gradScale * grad + scalars.weightDecay * param;
  let sum = state.sum + g * g;
  let delta = scalars.stepSize * (g / (sqrt(sum) + scalars.eps));
  return Update(delta, State(sum));
}
