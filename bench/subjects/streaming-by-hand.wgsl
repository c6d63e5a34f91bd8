// The bytes of a step and nothing else, as a kernel of its own: whole vec4 of parameters, gradients and state, a run of
// VECTORS * WORKGROUP_SIZE of them per workgroup. It stands behind the module that `stateWgsl` writes (State, Moved,
// move), and may bind what the package may not: vec4 views, which need tensors of multiples of four elements.

override WORKGROUP_SIZE: u32 = 64;
override VECTORS: u32 = 1; // per invocation

@group(0) @binding(0) var<storage, read_write> params: array<vec4f>;
@group(0) @binding(1) var<storage, read> grads: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE, 1, 1)
fn stream(
  @builtin(workgroup_id) workgroupId: vec3u,
  @builtin(num_workgroups) workgroupCount: vec3u,
  @builtin(local_invocation_index) invocation: u32,
) {
  let index = workgroupId.y * workgroupCount.x + workgroupId.x;
  let first = index * VECTORS * WORKGROUP_SIZE;
  let end = min(first + VECTORS * WORKGROUP_SIZE, arrayLength(&params));
  for (var at = first + invocation; at < end; at += WORKGROUP_SIZE) {
    params[at] -= moveState(grads[at], at);
  }
}
