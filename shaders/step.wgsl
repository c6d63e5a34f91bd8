// The entry point of a kernel over one parameter buffer: each workgroup steps one segment.

@group(0) @binding(1) var<storage, read> segments: array<Segment>;

@compute @workgroup_size(WORKGROUP_SIZE, 1, 1)
fn step(
  @builtin(workgroup_id) workgroupId: vec3u,
  @builtin(num_workgroups) workgroupCount: vec3u,
  @builtin(local_invocation_index) invocation: u32,
) {
  if (isSkipped()) {
    return;
  }
  let index = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (index >= arrayLength(&segments)) {
    return;
  }
  stepSegment(segments[index], invocation);
}
