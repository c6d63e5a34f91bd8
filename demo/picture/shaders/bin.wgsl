// Marks which Gaussians may touch which tile: one bit each, 32 of them by one thread. Lists of this form need no sorting
// and no atomics, and keep the Gaussians in order.

@group(0) @binding(0) var<uniform> model: Model;
@group(0) @binding(1) var<storage, read> gaussians: array<Gaussian>;
@group(0) @binding(2) var<storage, read_write> tiles: array<u32>;

@compute @workgroup_size(64, 1, 1)
fn bin(@builtin(global_invocation_id) id: vec3u) {
  let side = model.size / TILE;
  let tile = id.x / model.wordCount;
  if (tile >= side * side) { return; }
  let low = vec2i(TILE * vec2u(tile % side, tile / side));
  let high = low + i32(TILE);
  let first = 32 * (id.x % model.wordCount);
  let count = min(32u, model.gaussianCount - first);
  var word = 0u;
  for (var bit = 0u; bit < count; bit++) {
    let bounds = gaussians[first + bit].bounds;
    let touches = all(bounds.xy < high) && all(bounds.zw > low);
    word |= select(0u, 1u << bit, touches);
  }
  tiles[id.x] = word;
}
