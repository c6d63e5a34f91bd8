// One workgroup decides a step: adds the partial sums in a fixed order, clips or skips, counts, and looks up the host
// scalars of every group at the count of steps that were taken, which only the GPU knows.

override WORKGROUP_SIZE: u32 = 64;

// Steps that were run, and those of them that were taken: of all groups at 0, then of each.
struct Counts {
  run: u32,
  taken: u32,
}

@group(0) @binding(0) var<storage, read> record: StepRecord;
@group(0) @binding(1) var<storage, read> partials: array<Partial>;
// Rows of two floats for each scalar: its value at lr 0, and what it gains as lr grows by 1.
@group(0) @binding(2) var<storage, read> tables: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> counts: array<Counts>;
// The control at 0, then the scalars of every group, each at a multiple of GROUP_STRIDE floats.
@group(0) @binding(4) var<storage, read_write> resolved: array<f32>;

const GROUP_STRIDE = 64u;
const OVERFLOW = 7.9228162514264338e28f; // 2^96: the root, scaled back by 2^80, is 2^128
const HUGE = 18446744073709551616.0f; // 2^64
const TINY = 5.421010862427522e-20f; // 2^-64
const MAX_FLOAT32 = 3.4028234663852886e38f;

var<workgroup> lanes: array<Partial, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE, 1, 1)
fn decide(@builtin(local_invocation_index) invocation: u32) {
  var sum = Partial(0.0, 0.0, 0.0, record.tag);
  for (var g = 0u; g < record.groupCount; g++) {
    let group = record.groups[g];
    if (group.stepped != 0u) {
      for (var i = invocation; i < group.partialCount; i += WORKGROUP_SIZE) {
        let part = partials[group.firstPartial + i];
        if (part.tag == record.tag) {
          sum = addPartials(sum, part);
        }
      }
    }
  }
  lanes[invocation] = sum;
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (invocation < half) {
      lanes[invocation] = addPartials(lanes[invocation], lanes[invocation + half]);
    }
  }
  workgroupBarrier();

  let total = lanes[0];
  // A norm beyond float32 cannot be clipped by.
  let overflows = total.big >= OVERFLOW;
  // -1 where there is none.
  let norm = select(select(normOf(total), MAX_FLOAT32, overflows), -1.0, total.big < 0.0);
  let skip = (total.big < 0.0 && record.skips != 0u) || (overflows && record.clips != 0u);
  if (invocation == 0u) {
    resolved[0] = record.gradScale;
    resolved[1] = record.clipValue;
    // A factor of a huge norm is taken in two parts, so that neither is subnormal.
    let scale = select(1.0, TINY, norm >= HUGE);
    let ratio = record.maxNorm / (scale * (norm + 1e-6));
    let clips = record.clips != 0u && norm >= 0.0 && scale * ratio < 1.0;
    resolved[2] = select(1.0, ratio, clips);
    resolved[5] = select(1.0, scale, clips);
    resolved[3] = bitcast<f32>(select(0u, 1u, skip));
    resolved[4] = norm;
    resolved[6] = bitcast<f32>(record.tag);
    counts[0].run += 1u;
    counts[0].taken += select(1u, 0u, skip);
  }
  for (var g = invocation; g < record.groupCount; g += WORKGROUP_SIZE) {
    let group = record.groups[g];
    if (group.stepped == 0u) {
      continue;
    }
    counts[g + 1u].run += 1u;
    if (skip) {
      continue;
    }
    let taken = counts[g + 1u].taken;
    counts[g + 1u].taken = taken + 1u;
    let row = group.table + ((taken + group.shift) % group.rows) * group.scalarCount;
    for (var i = 0u; i < group.scalarCount; i++) {
      let scalar = tables[row + i];
      resolved[(g + 1u) * GROUP_STRIDE + i] = scalar.x + group.lr * scalar.y;
    }
  }
}

// Roots are scaled, not sums: a compiler may fold a product of two scales, which float32 does not hold.
fn normOf(total: Partial) -> f32 {
  if (total.big > 0.0) {
    let rest = sqrt(total.middle) * DOWN;
    return UP * sqrt(total.big + rest * rest);
  }
  if (total.middle > 0.0) {
    let rest = sqrt(total.small) * DOWN;
    return sqrt(total.middle + rest * rest);
  }
  return sqrt(total.small) * DOWN;
}
