// Adds up, for one tensor a workgroup, what was measured and noted of the latest step: read back instead of the rows.

override WORKGROUP_SIZE: u32 = 64;

// Rows of a tensor.
struct Rows {
  first: u32,
  count: u32,
}

struct Summary {
  gradient: Partial,
  noted: Watched,
  notFinite: u32, // gradients
  bins: array<u32, BIN_COUNT>,
}

@group(0) @binding(0) var<storage, read> tensors: array<Rows>;
@group(0) @binding(1) var<storage, read> partials: array<Partial>;
@group(0) @binding(2) var<storage, read> watched: array<Watched>;
@group(0) @binding(3) var<storage, read> histograms: array<u32>;
@group(0) @binding(4) var<storage, read_write> summaries: array<Summary>;

var<workgroup> gradientLanes: array<Partial, WORKGROUP_SIZE>;
var<workgroup> notedLanes: array<Watched, WORKGROUP_SIZE>;
var<workgroup> notFiniteLanes: array<u32, WORKGROUP_SIZE>;

fn addNotes(a: Watched, b: Watched) -> Watched {
  let update = addPartials(a.update, b.update);
  return Watched(update, addPartials(a.param, b.param), max(a.largest, b.largest), a.capped + b.capped);
}

@compute @workgroup_size(WORKGROUP_SIZE, 1, 1)
fn summarize(
  @builtin(workgroup_id) workgroupId: vec3u,
  @builtin(num_workgroups) workgroupCount: vec3u,
  @builtin(local_invocation_index) invocation: u32,
) {
  let index = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (index >= arrayLength(&tensors)) {
    return;
  }
  let rows = tensors[index];
  // All rows of a tensor were written by the same step.
  let none = Partial(0.0, 0.0, 0.0, watched[rows.first].update.tag);
  var gradient = Partial(0.0, 0.0, 0.0, partials[rows.first].tag);
  var noted = Watched(none, none, 0.0, 0u);
  var notFinite = 0u;
  for (var i = invocation; i < rows.count; i += WORKGROUP_SIZE) {
    let part = partials[rows.first + i];
    gradient = addPartials(gradient, part);
    notFinite += u32(max(-part.big, 0.0));
    noted = addNotes(noted, watched[rows.first + i]);
  }
  gradientLanes[invocation] = gradient;
  notedLanes[invocation] = noted;
  notFiniteLanes[invocation] = notFinite;
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (invocation < half) {
      let other = invocation + half;
      gradientLanes[invocation] = addPartials(gradientLanes[invocation], gradientLanes[other]);
      notedLanes[invocation] = addNotes(notedLanes[invocation], notedLanes[other]);
      notFiniteLanes[invocation] += notFiniteLanes[other];
    }
  }
  if (invocation == 0u) {
    summaries[index].gradient = gradientLanes[0];
    summaries[index].noted = notedLanes[0];
    summaries[index].notFinite = notFiniteLanes[0];
  }
  for (var bin = invocation; bin < BIN_COUNT; bin += WORKGROUP_SIZE) {
    var count = 0u;
    for (var i = 0u; i < rows.count; i++) {
      count += histograms[(rows.first + i) * BIN_COUNT + bin];
    }
    summaries[index].bins[bin] = count;
  }
}
