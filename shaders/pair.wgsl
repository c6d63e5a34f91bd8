// The entry point of a kernel over two small tensors, each in buffers of its own: one dispatch where step.wgsl takes two.
// The first workgroups step the segments of the first, the others those of the second, by a copy of segment.wgsl and of
// the modules of its buffers in which every name ends in 2.

@group(0) @binding(1) var<storage, read> segments: array<Segment>;
@group(0) @binding(5) var<storage, read> segments2: array<Segment>;

@compute @workgroup_size(WORKGROUP_SIZE, 1, 1)
fn step(@builtin(workgroup_id) workgroupId: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let index = workgroupId.x;
  let count = arrayLength(&segments);
  if (index < count) {
    stepSegment(segments[index], invocation);
  } else if (index - count < arrayLength(&segments2)) {
    stepSegment2(segments2[index - count], invocation);
  }
}
