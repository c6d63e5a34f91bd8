// Notes a step for the monitor: sums of squares in a fixed order, in the three ranges of a Partial. What follows from the
// rule's state is noted by the module beside it (watch-steps.wgsl or watch-no-steps.wgsl).

@group(0) @binding(6) var<storage, read_write> watched: array<Watched>;

// Sums of a lane, one for each component of its vec4.
struct Squares {
  big: vec4f,
  middle: vec4f,
  small: vec4f,
  notFinite: vec4f,
}

var<private> updateSquares: Squares;
var<private> paramSquares: Squares;
var<private> largestUpdate: vec4f;

var<workgroup> updateLanes: array<Partial, WORKGROUP_SIZE>;
var<workgroup> paramLanes: array<Partial, WORKGROUP_SIZE>;
var<workgroup> largestLanes: array<f32, WORKGROUP_SIZE>;
var<workgroup> cappedLanes: array<u32, WORKGROUP_SIZE>;

fn watch(stepped: vec4f, delta: vec4f, at: u32, used: vec4<bool>) {
  let update = select(vec4f(), delta, used);
  updateSquares = addSquares(updateSquares, update);
  paramSquares = addSquares(paramSquares, select(vec4f(), stepped, used));
  largestUpdate = max(largestUpdate, abs(update));
  watchState(at, used);
}

fn addSquares(sum: Squares, x: vec4f) -> Squares {
  let magnitude = abs(x);
  let isBig = magnitude >= vec4f(BIG);
  let isSmall = magnitude < vec4f(SMALL);
  let big = select(vec4f(), x * DOWN, isBig);
  let small = select(vec4f(), x * UP, isSmall);
  let middle = select(select(x, vec4f(), isSmall), vec4f(), isBig);
  let notFinite = (bitcast<vec4u>(x) & vec4u(0x7f800000u)) == vec4u(0x7f800000u);
  return Squares(
    sum.big + big * big,
    sum.middle + middle * middle,
    sum.small + small * small,
    sum.notFinite + select(vec4f(), vec4f(1.0), notFinite),
  );
}

fn partialOf(sum: Squares) -> Partial {
  let one = vec4f(1.0);
  let notFinite = dot(sum.notFinite, one);
  return Partial(select(dot(sum.big, one), -notFinite, notFinite > 0.0), dot(sum.middle, one), dot(sum.small, one), control.tag);
}

fn report(row: u32, invocation: u32) {
  updateLanes[invocation] = partialOf(updateSquares);
  paramLanes[invocation] = partialOf(paramSquares);
  largestLanes[invocation] = max(max(largestUpdate.x, largestUpdate.y), max(largestUpdate.z, largestUpdate.w));
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
