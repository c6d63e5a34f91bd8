// The sum of squares of the gradients, and how many are not finite: the first of two levels, a partial sum for each
// segment, in a fixed order. Gradients are read as bits, because WGSL may assume that no float is NaN or infinite. A lane
// whose largest gradient is so large or so small that squares leave float32 adds its squares once more, scaled; what is
// much smaller than the largest does not count beside it.

override WORKGROUP_SIZE: u32 = 64;

struct Segment {
  param: u32,
  grad: u32, // first element in the bound gradients
  state: u32,
  length: u32, // elements
  row: u32, // its own among the partial sums
}

@group(0) @binding(0) var<storage, read> record: StepRecord;
@group(0) @binding(1) var<storage, read> segments: array<Segment>;
@group(0) @binding(2) var<storage, read> gradBits: array<u32>;
@group(0) @binding(3) var<storage, read_write> partials: array<Partial>;

// Elements that the lanes of a workgroup take at a time.
override BLOCK_LENGTH: u32 = 4u * WORKGROUP_SIZE;

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
  var squares = vec4f();
  var largest = vec4f();
  // Bits of magnitudes order as the magnitudes do, NaN and infinity above all.
  var largestBits = vec4u();
  let whole = segment.length / BLOCK_LENGTH;
  for (var b = 0u; b < whole; b++) {
    let at = segment.grad + b * BLOCK_LENGTH + invocation;
    let bits = vec4u(
      gradBits[at],
      gradBits[at + WORKGROUP_SIZE],
      gradBits[at + 2u * WORKGROUP_SIZE],
      gradBits[at + 3u * WORKGROUP_SIZE],
    );
    let gradient = handled(bits);
    squares += gradient * gradient;
    largest = max(largest, abs(gradient));
    largestBits = max(largestBits, bits & vec4u(0x7fffffffu));
  }
  for (var i = whole * BLOCK_LENGTH + invocation; i < segment.length; i += WORKGROUP_SIZE) {
    let bits = vec4u(gradBits[segment.grad + i], 0u, 0u, 0u);
    let gradient = handled(bits);
    squares += gradient * gradient;
    largest = max(largest, abs(gradient));
    largestBits = max(largestBits, bits & vec4u(0x7fffffffu));
  }

  let reach = max(max(largest.x, largest.y), max(largest.z, largest.w));
  let highest = max(max(largestBits.x, largestBits.y), max(largestBits.z, largestBits.w));
  var sum = Partial(0.0, dot(squares, vec4f(1.0)), 0.0, record.tag);
  if (highest > bitcast<u32>(record.finiteLimit)) {
    sum = Partial(-notFiniteCount(segment, invocation), 0.0, 0.0, record.tag);
  } else if (reach >= BIG) {
    sum = Partial(scaledSum(segment, invocation, DOWN), 0.0, 0.0, record.tag);
  } else if (reach < SMALL && reach > 0.0) {
    sum = Partial(0.0, 0.0, scaledSum(segment, invocation, UP), record.tag);
  }
  lanes[invocation] = sum;
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (invocation < half) {
      lanes[invocation] = addPartials(lanes[invocation], lanes[invocation + half]);
    }
  }
  if (invocation == 0u) {
    partials[segment.row] = lanes[0];
  }
}

fn handled(bits: vec4u) -> vec4f {
  return clampedGradient(record.gradScale * bitcast<vec4f>(bits), record.clipValue);
}

fn scaledSum(segment: Segment, invocation: u32, scale: f32) -> f32 {
  var sum = 0.0;
  for (var i = invocation; i < segment.length; i += WORKGROUP_SIZE) {
    let scaled = scale * handled(vec4u(gradBits[segment.grad + i], 0u, 0u, 0u)).x;
    sum += scaled * scaled;
  }
  return sum;
}

fn notFiniteCount(segment: Segment, invocation: u32) -> f32 {
  var count = 0.0;
  for (var i = invocation; i < segment.length; i += WORKGROUP_SIZE) {
    let magnitude = gradBits[segment.grad + i] & 0x7fffffffu;
    count += select(0.0, 1.0, magnitude > bitcast<u32>(record.finiteLimit));
  }
  return count;
}
