// Random numbers that the same seed, step and point repeat, on every GPU but for rounding: a hash, with no state to keep.

// PCG's output function over a linear congruential step (O'Neill 2014), a hash of 32 bits.
fn hash(value: u32) -> u32 {
  let state = value * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

// Two independent standard normal numbers (Box-Muller).
fn normalPair(key: vec3u) -> vec2f {
  let first = hash(key.x ^ hash(key.y ^ hash(key.z)));
  let second = hash(first);
  // 24 bits, from just above 0 to 1: the logarithm stays finite.
  let radius = sqrt(-2.0 * log((f32(first >> 8u) + 1.0) / 16777216.0));
  let angle = 6.28318530718 * (f32(second >> 8u) / 16777216.0);
  return radius * vec2f(cos(angle), sin(angle));
}
