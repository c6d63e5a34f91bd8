// The place of stateful.wgsl for a rule without state, whose update returns the amount to subtract and nothing else.

fn deltaOf(param: vec4f, grad: vec4f, at: u32, host: Scalars) -> vec4f {
  return update(param, grad, host);
}
