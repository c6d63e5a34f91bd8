// Stochastic gradient descent with momentum (Polyak; Nesterov as Sutskever et al., 2013, in PyTorch's form):
//   g = gradScale * grad + weightDecay * param
//   b = momentum * b + (1 - dampening) * g    (the first step takes b = g)
//   param = param - lr * b                    (nesterov: lr * (g + momentum * b))
// State: momentumBuffer is b.

struct State {
  momentumBuffer: vec4f,
}

struct Scalars {
  gradScale: f32, // negative when maximizing
  weightDecay: f32,
  retained: f32, // retained - dropped is momentum, 0 in the first step (src/host-scalars.ts)
  dropped: f32,
  gradWeight: f32, // 1 - dampening; 1 in the first step
  stepGrad: f32, // lr without momentum or with nesterov, else 0
  stepBuffer: f32, // lr, with nesterov lr * momentum
}

fn update(param: vec4f, grad: vec4f, state: State, scalars: Scalars) -> Update {
  let g = scalars.gradScale * grad + scalars.weightDecay * param;
  let momentumBuffer = scalars.retained * state.momentumBuffer + (scalars.gradWeight * g - scalars.dropped * state.momentumBuffer);
  let delta = scalars.stepGrad * g + scalars.stepBuffer * momentumBuffer;
  return Update(delta, State(momentumBuffer));
}
