// What the monitor notes of a step: a row for each segment.

struct Watched {
  update: Partial, // of what was subtracted
  param: Partial, // of the parameters after the step
  largest: f32, // of what was subtracted, in magnitude
  capped: u32, // elements that moved as far as a cap of the rule allows
}

// The histogram of effective step sizes: BINS_PER_DECADE bins for each power of ten from 1e-8 to 1e8; the first and the
// last have what lies beyond, too.
const BIN_COUNT = 64u;
const BINS_PER_DECADE = 4.0;
