// Sums the squared errors of a step in one workgroup, in a fixed order, and appends their mean to the history.

struct History {
  count: u32,
  errors: array<f32>, // a ring: mean squared error before each step
}

@group(0) @binding(0) var<uniform> model: Model;
@group(0) @binding(1) var<storage, read> picture: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> history: History;

const THREADS = 256u;

var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS, 1, 1)
fn measure(@builtin(local_invocation_index) lane: u32) {
  let pixelCount = model.size * model.size;
  var sum = 0.0;
  for (var pixel = lane; pixel < pixelCount; pixel += THREADS) { sum += picture[pixel].a; }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane != 0) { return; }
  for (var other = 1u; other < THREADS; other++) { sum += sums[other]; }
  history.errors[history.count % arrayLength(&history.errors)] = sum / f32(3 * pixelCount);
  history.count += 1;
}
