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
  // Loaded once: for all that a compiler knows, a store could change them.
  let gradScale = record.gradScale;
  let clipValue = record.clipValue;
  var squares = vec4f();
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
    let gradient = clampedGradient(gradScale * bitcast<vec4f>(bits), clipValue);
    squares += gradient * gradient;
    largestBits = max(largestBits, bits & vec4u(0x7fffffffu));
  }
  for (var i = whole * BLOCK_LENGTH + invocation; i < segment.length; i += WORKGROUP_SIZE) {
    let bits = vec4u(gradBits[segment.grad + i], 0u, 0u, 0u);
    let gradient = clampedGradient(gradScale * bitcast<vec4f>(bits), clipValue);
    squares += gradient * gradient;
    largestBits = max(largestBits, bits & vec4u(0x7fffffffu));
  }

  let highest = max(max(largestBits.x, largestBits.y), max(largestBits.z, largestBits.w));
  let reach = abs(handled(highest));
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

fn handled(bits: u32) -> f32 {
  return clampedGradient(record.gradScale * vec4f(bitcast<f32>(bits)), record.clipValue).x;
}

fn scaledSum(segment: Segment, invocation: u32, scale: f32) -> f32 {
  var sum = 0.0;
  for (var i = invocation; i < segment.length; i += WORKGROUP_SIZE) {
    let scaled = scale * handled(gradBits[segment.grad + i]);
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
