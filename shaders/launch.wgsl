// What every step kernel has, whatever it binds: the size of a workgroup, the segments' form and the rule's scalars.

override WORKGROUP_SIZE: u32 = 64;

const BLOCK_LANES = 16u;
const BLOCK_LENGTH = 64u;

struct Segment {
  param: u32, // first element in the bound parameters
  grad: u32, // first element in the bound gradients
  state: u32, // first State, if there is any
  length: u32, // elements
  row: u32, // its own among the partial sums
}

@group(0) @binding(0) var<uniform> scalars: Scalars;
