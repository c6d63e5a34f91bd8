// RAdam (Liu et al., 2020), as PyTorch has it:
//   g = gradScale * grad + weightDecay * param
//   m = m + (1 - beta1) * (g - m)
//   v = beta2 * v + (1 - beta2) * g^2
//   param = param - stepSize * m / (sqrt(v) * denominatorScale + denominatorEps)
// The rectified steps and the first ones, which move by momentum alone, differ in the last three scalars
// (src/rules/radam.ts).
// State: expAvg is m, expAvgSq is v.

struct State {
  expAvg: vec4f,
  expAvgSq: vec4f,
}

struct Scalars {
  gradScale: f32,
  weightDecay: f32,
  oneMinusBeta1: f32,
  oneMinusBeta2: f32,
  retained: f32, // retained - dropped is beta2 (src/host-scalars.ts)
  dropped: f32,
  stepSize: f32,
  denominatorScale: f32,
  denominatorEps: f32,
}

fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update {
  let g = scalars.gradScale * grad + scalars.weightDecay * param;
  let expAvg = state.expAvg + scalars.oneMinusBeta1 * (g - state.expAvg);
  let expAvgSq = scalars.retained * state.expAvgSq + (scalars.oneMinusBeta2 * (g * g) - scalars.dropped * state.expAvgSq);
  let denominator = sqrt(expAvgSq) * scalars.denominatorScale + scalars.denominatorEps;
  let delta = scalars.stepSize * (expAvg / denominator);
  return Update(delta, State(expAvg, expAvgSq));
}
