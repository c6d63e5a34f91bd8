// Counts the points within a radius of the minimum: each workgroup adds up its own, then adds once to the total.

struct Target {
  minimum: vec2f,
  radius: f32,
}

@group(0) @binding(0) var<uniform> goal: Target;
@group(0) @binding(1) var<storage, read> points: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> total: atomic<u32>;

var<workgroup> count: atomic<u32>;

@compute @workgroup_size(64, 1, 1)
fn countArrived(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) invocation: u32,
) {
  if (id.x < arrayLength(&points) && distance(points[id.x], goal.minimum) <= goal.radius) {
    atomicAdd(&count, 1u);
  }
  workgroupBarrier();
  if (invocation == 0u) {
    atomicAdd(&total, atomicLoad(&count));
  }
}
