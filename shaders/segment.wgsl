// How one segment is stepped: which elements a lane takes, their loads and stores. It stands between a rule
// (shaders/rules: State, Scalars, update), the modules of its state (update.wgsl with stateful.wgsl, or stateless.wgsl)
// and the module that says where parameters and gradients are bound (separate-buffers.wgsl or shared-buffer.wgsl), those
// that say what becomes of gradients (gradient-*.wgsl) and what is noted of the step (watch-*.wgsl), and knows nothing of
// them but their functions. Which segment a workgroup steps is for the entry point to say (step.wgsl, pair.wgsl).
//
// A segment is a run of elements that lie next to each other in the parameters, in the gradients and in the state.
// Elements are taken in blocks of 64. In a block the 16 lanes that share it hold element 16 * component + lane in each
// component of their vec4, so that neighbouring lanes touch neighbouring words of the parameters and gradients, whose
// offsets may be any multiple of 4 bytes, while the state moves in whole vec4.

fn stepSegment(segment: Segment, invocation: u32) {
  // Loaded once: for all that a compiler knows, a store could change them.
  let host = scalars;
  let lane = invocation % BLOCK_LANES;
  let whole = segment.length / BLOCK_LENGTH;
  for (var b = invocation / BLOCK_LANES; b < whole; b += WORKGROUP_SIZE / BLOCK_LANES) {
    let element = b * BLOCK_LENGTH + lane;
    let at = segment.state + b * BLOCK_LANES + lane;
    let p = segment.param + element;
    let g = segment.grad + element;
    let param = vec4f(
      loadParam(p),
      loadParam(p + BLOCK_LANES),
      loadParam(p + 2u * BLOCK_LANES),
      loadParam(p + 3u * BLOCK_LANES),
    );
    let grad = vec4f(
      loadGrad(g),
      loadGrad(g + BLOCK_LANES),
      loadGrad(g + 2u * BLOCK_LANES),
      loadGrad(g + 3u * BLOCK_LANES),
    );
    let delta = deltaOf(param, gradientOf(grad), at, host);
    let stepped = param - delta;
    watch(stepped, delta, at, vec4<bool>(true), host);
    storeParam(p, stepped.x);
    storeParam(p + BLOCK_LANES, stepped.y);
    storeParam(p + 2u * BLOCK_LANES, stepped.z);
    storeParam(p + 3u * BLOCK_LANES, stepped.w);
  }

  // The rest, shorter than a block: components past the end are computed and thrown away.
  let rest = segment.length % BLOCK_LENGTH;
  if (invocation < min(rest, BLOCK_LANES)) {
    let p = segment.param + whole * BLOCK_LENGTH + invocation;
    let g = segment.grad + whole * BLOCK_LENGTH + invocation;
    let at = segment.state + whole * BLOCK_LANES + invocation;
    var param = vec4f();
    var grad = vec4f();
    var used = vec4<bool>();
    for (var component = 0u; component < 4u; component++) {
      if (invocation + component * BLOCK_LANES < rest) {
        param[component] = loadParam(p + component * BLOCK_LANES);
        grad[component] = loadGrad(g + component * BLOCK_LANES);
        used[component] = true;
      }
    }
    let delta = deltaOf(param, gradientOf(grad), at, host);
    let stepped = param - delta;
    watch(stepped, delta, at, used, host);
    for (var component = 0u; component < 4u; component++) {
      if (invocation + component * BLOCK_LANES < rest) {
        storeParam(p + component * BLOCK_LANES, stepped[component]);
      }
    }
  }
  report(segment.row, invocation);
}
