// Stochastic gradient descent, as PyTorch has it without momentum:
//   g = gradScale * grad + weightDecay * param
//   param = param - lr * g
// No state; the scalars are those of sgd-momentum.wgsl.

struct Scalars {
  gradScale: f32, // negative when maximizing
  weightDecay: f32,
  retained: f32, // retained - dropped is momentum, 0 in the first step (src/host-scalars.ts)
  dropped: f32,
  gradWeight: f32, // 1 - dampening; 1 in the first step
  stepGrad: f32, // lr without momentum or with nesterov, else 0
  stepBuffer: f32, // lr, with nesterov lr * momentum
}

fn update(param: vec4f, grad: vec4f, scalars: Scalars) -> vec4f {
  let g = scalars.gradScale * grad + scalars.weightDecay * param;
  return scalars.stepGrad * g;
}
