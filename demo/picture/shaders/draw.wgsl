// The forward pass: one thread per pixel, one workgroup per tile. Writes each pixel's colour, its squared error, and
// what the backward pass needs of it.
//
// With W the sum of all weights at the pixel and C its colour, a Gaussian of weight w and colour c has
//   ∂C/∂c = w/W,   ∂C/∂w = (c − C)/W.
// For the loss L of loss.wgsl, r = ∂L/∂C / W and q = r·C are all that a Gaussian needs to know of a pixel:
//   ∂L/∂c = w·r,   ∂L/∂w = c·r − q.

@group(0) @binding(0) var<uniform> model: Model;
@group(0) @binding(1) var<storage, read> gaussians: array<Gaussian>;
@group(0) @binding(2) var<storage, read> tiles: array<u32>;
@group(0) @binding(3) var<storage, read> goal: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> picture: array<vec4f>;   // colour, squared error
@group(0) @binding(5) var<storage, read_write> residuals: array<vec4f>; // r, q

@compute @workgroup_size(TILE, TILE, 1)
fn draw(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  let side = model.size / TILE;
  let firstWord = (group.y * side + group.x) * model.wordCount;
  var colors = BACKGROUND_WEIGHT * BACKGROUND;
  var weights = BACKGROUND_WEIGHT;
  for (var index = 0u; index < model.wordCount; index++) {
    var word = tiles[firstWord + index];
    while (word != 0) {
      let gaussian = gaussians[32 * index + firstTrailingBit(word)];
      word &= word - 1;
      let uv = coordinates(gaussian, vec2i(id.xy));
      let weight = gaussian.opacity * max(0.0, exp(-0.5 * dot(uv, uv)) - CUT);
      colors += weight * gaussian.color;
      weights += weight;
    }
  }
  let color = colors / weights;
  let pixel = id.y * model.size + id.x;
  let error = color - goal[pixel].rgb;
  picture[pixel] = vec4f(color, dot(error, error));
  // ∂L/∂C of L = gaussianCount / (2·pixelCount) · Σ error²
  let scale = f32(model.gaussianCount) / f32(model.size * model.size);
  let r = scale / weights * error;
  residuals[pixel] = vec4f(r, dot(r, color));
}
