// Notes a step for the monitor: sums of squares in a fixed order, in the three ranges of a Partial. What follows from the
// rule's state is noted by the module beside it (watch-steps.wgsl or watch-no-steps.wgsl).

@group(0) @binding(6) var<storage, read_write> watched: array<Watched>;

// Sums of a lane, one for each component of its vec4. What leaves the middle range is summed apart from when it is met:
// beside it, what is much smaller does not count.
struct Squares {
  big: vec4f,
  middle: vec4f,
  small: vec4f,
  largest: vec4f,
}

var<private> updateSquares: Squares;
var<private> paramSquares: Squares;

var<workgroup> updateLanes: array<Partial, WORKGROUP_SIZE>;
var<workgroup> paramLanes: array<Partial, WORKGROUP_SIZE>;
var<workgroup> largestLanes: array<f32, WORKGROUP_SIZE>;
var<workgroup> cappedLanes: array<u32, WORKGROUP_SIZE>;

fn watch(stepped: vec4f, delta: vec4f, at: u32, used: vec4<bool>, host: Scalars) {
  addSquares(&updateSquares, select(vec4f(), delta, used));
  addSquares(&paramSquares, select(vec4f(), stepped, used));
  watchState(at, used, host);
}

fn addSquares(sum: ptr<private, Squares>, x: vec4f) {
  let largest = max((*sum).largest, abs(x));
  (*sum).largest = largest;
  if (any(largest >= vec4f(BIG))) {
    (*sum).big += (DOWN * x) * (DOWN * x);
    return;
  }
  if (all(largest < vec4f(SMALL))) {
    (*sum).small += (UP * x) * (UP * x);
  }
  (*sum).middle += x * x;
}

fn partialOf(sum: Squares) -> Partial {
  let one = vec4f(1.0);
  let total = vec3f(dot(sum.big, one), dot(sum.middle, one), dot(sum.small, one));
  // A sum is not finite when an element is not: seen in its bits, because WGSL may assume that no float is so.
  let notFinite = any((bitcast<vec3u>(total) & vec3u(0x7f800000u)) == vec3u(0x7f800000u));
  let isSmall = all(sum.largest < vec4f(SMALL));
  return Partial(select(total.x, -1.0, notFinite), select(total.y, 0.0, isSmall), select(0.0, total.z, isSmall), decided.tag);
}

fn report(row: u32, invocation: u32) {
  updateLanes[invocation] = partialOf(updateSquares);
  paramLanes[invocation] = partialOf(paramSquares);
  let largest = updateSquares.largest;
  largestLanes[invocation] = max(max(largest.x, largest.y), max(largest.z, largest.w));
  cappedLanes[invocation] = cappedOfLane();
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (invocation < half) {
      let other = invocation + half;
      updateLanes[invocation] = addPartials(updateLanes[invocation], updateLanes[other]);
      paramLanes[invocation] = addPartials(paramLanes[invocation], paramLanes[other]);
      largestLanes[invocation] = max(largestLanes[invocation], largestLanes[other]);
      cappedLanes[invocation] += cappedLanes[other];
    }
  }
  if (invocation == 0u) {
    watched[row] = Watched(updateLanes[0], paramLanes[0], largestLanes[0], cappedLanes[0]);
  }
  reportState(row, invocation);
}
