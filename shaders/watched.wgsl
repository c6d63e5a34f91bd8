// What the monitor notes of a step: a row for each segment.

struct Watched {
  update: Partial, // of what was subtracted
  param: Partial, // of the parameters after the step
  largest: f32, // of what was subtracted, in magnitude
  capped: u32, // elements that moved as far as a cap of the rule allows
}

// The histogram of effective step sizes: a bin for each power of two from 2^-32 on; the first and the last have what lies
// beyond, too.
const BIN_COUNT = 64u;
const LOWEST_BIN = -32;
