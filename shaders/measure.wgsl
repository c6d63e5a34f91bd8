// The sum of squares of the gradients, and how many are not finite: the first of two levels, a partial sum for each
// segment, in a fixed order. Gradients are read as bits, because WGSL may assume that no float is NaN or infinite.

override WORKGROUP_SIZE: u32 = 64;

struct Segment {
  param: u32,
  grad: u32, // first element in the bound gradients
  state: u32,
  length: u32, // elements
}

@group(0) @binding(0) var<storage, read> record: StepRecord;
@group(0) @binding(1) var<storage, read> segments: array<Segment>;
@group(0) @binding(2) var<storage, read> gradBits: array<u32>;
@group(0) @binding(3) var<storage, read_write> partials: array<Partial>;

var<workgroup> lanes: array<Partial, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE, 1, 1)
fn measure(
  @builtin(workgroup_id) workgroupId: vec3u,
  @builtin(num_workgroups) workgroupCount: vec3u,
  @builtin(local_invocation_index) invocation: u32,
) {
  let index = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (index >= arrayLength(&segments)) {
    return;
  }
  let segment = segments[index];
  var sum = vec3f(); // big, middle, small
  var finite = true;
  for (var i = invocation; i < segment.length; i += WORKGROUP_SIZE) {
    let bits = gradBits[segment.grad + i];
    let isFinite = (bits & 0x7f800000u) != 0x7f800000u && abs(bitcast<f32>(bits)) <= record.finiteLimit;
    if (isFinite) {
      let gradient = clamp(record.gradScale * bitcast<f32>(bits), -record.clipValue, record.clipValue);
      let magnitude = abs(gradient);
      if (magnitude >= BIG) {
        let scaled = DOWN * gradient;
        sum.x += scaled * scaled;
      } else if (magnitude < SMALL) {
        let scaled = UP * gradient;
        sum.z += scaled * scaled;
      } else {
        sum.y += gradient * gradient;
      }
    } else {
      finite = false;
    }
  }
  lanes[invocation] = Partial(select(-1.0, sum.x, finite), sum.y, sum.z, record.tag);
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (invocation < half) {
      lanes[invocation] = addPartials(lanes[invocation], lanes[invocation + half]);
    }
  }
  if (invocation == 0u) {
    partials[index] = lanes[0];
  }
}
