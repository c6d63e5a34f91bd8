// AMSGrad over AdaBelief, as adabelief-pytorch 0.2 has it: the maximum of the stored variances, eps included,
// corrected for bias afterwards:
//   g = gradScale * grad + weightDecay * param
//   d = g - m
//   m = m + (1 - beta1) * d
//   s = beta2 * s + (1 - beta2) * beta1^2 * d^2 + eps    (beta1 * d is g - m of the new m, without its cancellation; eps
//                                                         is stored, and so accumulates)
//   smax = max(smax, s)
//   param = param - decay * param - clamp(stepSize * m / (sqrt(smax) * denominatorScale + denominatorEps), +-maxChange)
// State: expAvg is m, expAvgVar is s, maxExpAvgVar is smax.

struct State {
  expAvg: vec4f,
  expAvgVar: vec4f,
  maxExpAvgVar: vec4f,
}

struct Scalars {
  gradScale: f32, // negative when maximizing
  weightDecay: f32, // coupled
  decay: f32, // decoupled: lr * weightDecay, or weightDecay when fixed
  oneMinusBeta1: f32,
  deviationWeight: f32, // (1 - beta2) * beta1^2
  retained: f32, // retained - dropped is beta2 (src/host-scalars.ts)
  dropped: f32,
  eps: f32,
  stepSize: f32,
  denominatorScale: f32,
  denominatorEps: f32,
  maxChange: f32, // lr * maxUpdate
  meanStepSize: f32, // stepSize * (1 - beta1^t), for the monitor alone
}

fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update {
  let g = scalars.gradScale * grad + scalars.weightDecay * param;
  let d = g - state.expAvg;
  let expAvg = state.expAvg + scalars.oneMinusBeta1 * d;
  // eps joins the small term first: added to the rounded sum, it would round to the same side in every step.
  let deviation = scalars.deviationWeight * (d * d) - scalars.dropped * state.expAvgVar;
  let expAvgVar = scalars.retained * state.expAvgVar + (deviation + scalars.eps);
  let maxExpAvgVar = max(state.maxExpAvgVar, expAvgVar);
  let denominator = sqrt(maxExpAvgVar) * scalars.denominatorScale + scalars.denominatorEps;
  let ratio = scalars.stepSize * (expAvg / denominator);
  let change = min(max(ratio, vec4f(-scalars.maxChange)), vec4f(scalars.maxChange));
  let delta = scalars.decay * param + change;
  return Update(delta, State(expAvg, expAvgVar, maxExpAvgVar));
}

fn effectiveStep(state: State, scalars: Scalars) -> EffectiveStep {
  let denominator = sqrt(state.maxExpAvgVar) * scalars.denominatorScale + scalars.denominatorEps;
  let ratio = scalars.stepSize * (state.expAvg / denominator);
  return EffectiveStep(scalars.meanStepSize / denominator, abs(ratio) >= vec4f(scalars.maxChange));
}
