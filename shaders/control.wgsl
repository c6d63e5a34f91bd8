// What the kernels of gradient control share: the step as the host recorded it, and what was decided of it.

// Of every group, as recorded.
struct GroupStep {
  lr: f32,
  stepped: u32, // 0 while frozen
  table: u32, // first entry of the group's table of scalars
  rows: u32, // rows of the ring that the table is
  shift: u32, // row of the step that follows none taken
  scalarCount: u32,
  firstPartial: u32,
  partialCount: u32,
}

// One recorded step.
struct StepRecord {
  gradScale: f32,
  clipValue: f32, // largest magnitude of a gradient after unscaling
  finiteLimit: f32, // a gradient beyond it overflows when unscaled
  maxNorm: f32,
  clips: u32, // whether the norm is to be clipped
  skips: u32, // whether a step with a gradient that is not finite is left out
  groupCount: u32,
  tag: u32, // of this step's partial sums
  groups: array<GroupStep>,
}

// What was decided of a step.
struct Control {
  gradScale: f32,
  clipValue: f32,
  factor: f32,
  skip: u32,
  norm: f32,
  scale: f32, // the other part of the factor
  tag: u32, // of the step
}

// A part of the sum of squares, in three ranges so that neither 1e25 nor 1e-25 leaves float32: magnitudes from 2^45 on
// scaled by 2^-80, those below 2^-45 scaled by 2^80, and the rest as they are.
struct Partial {
  big: f32, // minus the count of elements that are not finite, when there are any
  middle: f32,
  small: f32,
  tag: u32, // of the step that wrote it: rows of earlier steps do not count
}

const BIG = 35184372088832.0f; // 2^45
const SMALL = 2.842170943040401e-14f; // 2^-45
const DOWN = 8.271806125530277e-25f; // 2^-80
const UP = 1.2089258196146292e24f; // 2^80

fn addPartials(a: Partial, b: Partial) -> Partial {
  let big = select(a.big + b.big, min(a.big, 0.0) + min(b.big, 0.0), min(a.big, b.big) < 0.0);
  return Partial(big, a.middle + b.middle, a.small + b.small, a.tag);
}
