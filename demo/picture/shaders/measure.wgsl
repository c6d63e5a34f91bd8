// Sums the squared errors of a step in one workgroup, in a fixed order, and appends their mean to the history; or BROKEN
// when a Gaussian is: such a one may vanish without a trace in the picture.

struct History {
  count: u32,
  errors: array<f32>, // a ring: mean squared error after each step
}

@group(0) @binding(0) var<uniform> model: Model;
@group(0) @binding(1) var<storage, read> picture: array<vec4f>;
@group(0) @binding(2) var<storage, read> gaussians: array<Gaussian>;
@group(0) @binding(3) var<storage, read_write> history: History;

const THREADS = 256u;
const BROKEN = -1.0;

var<workgroup> sums: array<f32, THREADS>;
var<workgroup> broken: array<u32, THREADS>;

@compute @workgroup_size(THREADS, 1, 1)
fn measure(@builtin(local_invocation_index) lane: u32) {
  let pixelCount = model.size * model.size;
  var sum = 0.0;
  for (var pixel = lane; pixel < pixelCount; pixel += THREADS) { sum += picture[pixel].a; }
  var isBroken = 0u;
  for (var i = lane; i < model.gaussianCount; i += THREADS) { isBroken |= gaussians[i].isBroken; }
  sums[lane] = sum;
  broken[lane] = isBroken;
  workgroupBarrier();
  if (lane != 0) { return; }
  for (var other = 1u; other < THREADS; other++) {
    sum += sums[other];
    isBroken |= broken[other];
  }
  let error = select(sum / f32(3 * pixelCount), BROKEN, isBroken == 1);
  history.errors[history.count % arrayLength(&history.errors)] = error;
  history.count += 1;
}
