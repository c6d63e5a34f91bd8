// The state of a rule that has some: one interleaved binding for all of its slots, a vec4 of each side by side.

@group(0) @binding(2) var<storage, read_write> states: array<State>;

fn deltaOf(param: vec4f, grad: vec4f, at: u32, host: Scalars) -> vec4f {
  let result = update(param, grad, states[at], host);
  states[at] = result.state;
  return result.delta;
}
