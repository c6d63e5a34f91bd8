// What the kernels of the fit share: the size of a model, its Gaussians as the picture needs them, and the weight of a
// Gaussian at a pixel. Placed before each kernel that uses it.
//
// Lengths are in pixels; the centre of pixel (x, y) is at (x + 1/2, y + 1/2). A Gaussian with centre p, rotation θ and
// standard deviations s has, at a pixel centre d away from p, the coordinates
//   u = (d.x·cos θ + d.y·sin θ) / s.x,   v = (d.y·cos θ − d.x·sin θ) / s.y
// and the weight
//   w = opacity · max(0, exp(−(u² + v²)/2) − CUT),
// which is continuous and ends at 3 standard deviations, so that sums over few pixels are exact. A pixel's colour is the
// weighted mean of the Gaussians over it and, with the weight BACKGROUND_WEIGHT, of BACKGROUND: the order of the
// Gaussians does not matter.

struct Model {
  size: u32,          // of the picture's side in pixels, a multiple of TILE
  gaussianCount: u32,
  wordCount: u32,     // of 32 Gaussians each
  // Where the tensors begin in the buffers of parameters and of gradients, in floats.
  position: u32,
  scale: u32,
  rotation: u32,
  color: u32,
  opacity: u32,
}

struct Gaussian {
  center: vec2f,
  inverseScale: vec2f,
  direction: vec2f, // cos θ, sin θ
  opacity: f32,
  isBroken: u32,    // 1 when a parameter is no longer a finite number
  color: vec3f,
  bounds: vec4i,    // the pixels that it may touch: left, top, right, bottom; the last two are outside
}

const TILE = 8u;
const REACH = 3.0;           // in standard deviations
const CUT = 0.011108997;     // exp(−REACH²/2)
const MIN_SCALE = 0.3;       // in pixels, added in squares: a Gaussian cannot hide between two pixel centres
const BACKGROUND_WEIGHT = 0.01;
const BACKGROUND = vec3f(0.5);

/** The coordinates u, v of a pixel. */
fn coordinates(gaussian: Gaussian, pixel: vec2i) -> vec2f {
  let d = vec2f(pixel) + 0.5 - gaussian.center;
  let c = gaussian.direction.x;
  let s = gaussian.direction.y;
  return vec2f(d.x * c + d.y * s, d.y * c - d.x * s) * gaussian.inverseScale;
}
