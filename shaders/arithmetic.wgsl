// What the rules share. Both averages keep weights that sum to exactly 1, where beta * average + (1 - beta) * value with
// rounded constants settles up to 1e-5 off. From a weight of one half on they take the form without cancellation: with
// a weight of 1 the old average vanishes, however large it was.

// A denominator below it counts as it, so that 0 / 0 is 0.
const SMALLEST_NORMAL = 1.1754943508222875e-38f;

// average + weight * (value - average)
fn lerp(average: vec4f, value: vec4f, weight: f32) -> vec4f {
  let difference = value - average;
  return select(value - (1.0 - weight) * difference, average + weight * difference, weight < 0.5);
}

// (1 - weight) * average + addition
fn accumulate(average: vec4f, addition: vec4f, weight: f32) -> vec4f {
  return select((1.0 - weight) * average + addition, average + (addition - weight * average), weight < 0.5);
}
