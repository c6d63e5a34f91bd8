// Mutations of the WGSL, each a mistake that other libraries shipped or that a hand slips into. All of them must be
// caught.

/** What it does, and what it replaces in the text after `fn update`. */
export type Mutation = [what: string, find: string | RegExp, replacement: string, options?: object];

const sign: Mutation = ["flips the gradient's sign", "scalars.gradScale * grad", "-scalars.gradScale * grad"];
const scale: Mutation = ["forgets gradScale", "scalars.gradScale * grad", "grad"];
const decay = (options: object = {}): Mutation => [
  "forgets coupled decay",
  " + scalars.weightDecay * param",
  "",
  { weightDecay: 0.1, ...options },
];
const decoupled: Mutation[] = [
  ["forgets decoupled decay", "scalars.decay * param + ", "", { weightDecay: 0.1 }],
  ["decays the wrong way", "scalars.decay * param", "-scalars.decay * param", { weightDecay: 0.1 }],
];
const eps = (name = "eps"): Mutation => ["drops eps", ` + scalars.${name}`, "", { eps: 0.01 }];
const root: Mutation = ["forgets the root", /sqrt\((\w+)\)/, "($1)"];
const against: Mutation = ["moves against the step", "Update(delta", "Update(-delta"];

const moments: Mutation[] = [
  sign,
  scale,
  root,
  against,
  ["swaps the weights: the second's for the first", "scalars.oneMinusBeta1", "scalars.dropped"],
  ["swaps the weights: the first's for the second", "scalars.dropped", "scalars.oneMinusBeta1"],
  ["forgets what the second moment retains", /scalars\.retained \* state\.\w+ \+/, ""],
  ["takes the step from the old first moment", "(expAvg / denominator)", "(state.expAvg / denominator)"],
  ["keeps the old first moment", /State\(expAvg,/, "State(state.expAvg,"],
  ["keeps the old second moment", /State\(expAvg, (\w+)/, "State(expAvg, state.$1"],
];
const maximum = (name: string, of: string): Mutation => [
  "forgets the maximum",
  `max(state.${name}, ${of})`,
  of,
  { amsgrad: true },
];

/** By rule. */
export const mutations: Record<string, Mutation[]> = {
  adam: [...moments, decay(), eps(), maximum("maxExpAvgSq", "expAvgSq")],
  adamw: [...moments, ...decoupled, eps(), maximum("maxExpAvgSq", "expAvgSq")],
  adabelief: [
    ...moments,
    ...decoupled,
    decay({ weightDecouple: false }),
    ["drops the stored eps", "deviation + scalars.eps", "deviation", { eps: 1e-4 }],
    eps("denominatorEps"),
    ["skips the correction of the variance", "* scalars.denominatorScale", ""],
    ["deviates from zero instead of the mean", "let d = g - state.expAvg", "let d = g"],
    ["forgets maxUpdate", /let change = .*;/, "let change = ratio;", { maxUpdate: 0.1 }],
    maximum("maxExpAvgVar", "expAvgVar"),
  ],
  sgd: [
    sign,
    scale,
    decay(),
    decay({ momentum: 0.9 }),
    ["forgets lr", "scalars.stepGrad * g", "g"],
    ["forgets the buffer", "scalars.retained * state.momentumBuffer +", "", { momentum: 0.9 }],
    ["forgets to drop from the buffer", " - scalars.dropped * state.momentumBuffer", "", { momentum: 0.9 }],
    ["forgets dampening", "scalars.gradWeight * g", "g", { momentum: 0.9, dampening: 0.5 }],
    ["forgets Nesterov's gradient", "scalars.stepGrad * g + ", "", { momentum: 0.9, nesterov: true }],
    ["steps by the old buffer", "* momentumBuffer;", "* state.momentumBuffer;", { momentum: 0.9 }],
  ],
  adagrad: [
    sign,
    scale,
    decay(),
    root,
    against,
    eps(),
    ["forgets the sum", "state.sum + g * g", "g * g"],
    ["divides by the old sum", "sqrt(sum)", "sqrt(state.sum)"],
    ["keeps the old sum", "State(sum)", "State(state.sum)"],
  ],
  rmsprop: [
    sign,
    scale,
    decay(),
    root,
    against,
    eps(),
    [
      "puts eps inside the root",
      "sqrt(squareAvg) + scalars.eps",
      "sqrt(squareAvg + scalars.eps)",
      { eps: 0.01 },
    ],
    ["forgets what the average retains", /scalars\.retained \* state\.\w+ \+/, ""],
    ["does not centre", " - gradAvg * gradAvg", "", { centered: true }],
    ["centres on the old mean", "gradAvg * gradAvg", "state.gradAvg * state.gradAvg", { centered: true }],
    ["forgets the buffer", "scalars.momentumRetained * state.momentumBuffer +", "", { momentum: 0.9 }],
    ["steps by the ratio alone", "scalars.lr * momentumBuffer", "scalars.lr * ratio", { momentum: 0.9 }],
  ],
  nadam: [
    ...moments,
    decay(),
    eps(),
    ["forgets the gradient's part", "scalars.stepGrad * (g / denominator) + ", ""],
    ["swaps the two parts", "scalars.stepGrad * (g", "scalars.stepAvg * (g"],
  ],
  radam: [
    ...moments,
    decay(),
    eps("denominatorEps"),
    ["forgets that it divides", " * scalars.denominatorScale", " * 0.0"],
  ],
  adamax: [
    sign,
    scale,
    decay(),
    against,
    eps(),
    ["forgets the magnitude", "abs(g)", "g"],
    ["forgets the maximum", /max\((.*), (abs.*)\);/, "$2;"],
    ["does not decay the maximum", " - scalars.dropped * state.expInf", "", { betas: [0.9, 0.5] }],
    ["swaps the weights", "scalars.oneMinusBeta1", "scalars.dropped"],
    ["keeps the old maximum", "State(expAvg, expInf)", "State(expAvg, state.expInf)"],
  ],
  lion: [
    sign,
    scale,
    ...decoupled,
    against,
    ["forgets the sign", "sign(c)", "c"],
    ["swaps the weights: the step's for the momentum", "scalars.oneMinusBeta2", "scalars.oneMinusBeta1"],
    ["swaps the weights: the momentum's for the step", "scalars.oneMinusBeta1", "scalars.oneMinusBeta2"],
    ["takes the sign of the new momentum", "sign(c)", "sign(state.expAvg + scalars.oneMinusBeta2 * d)"],
  ],
};

/** Mistakes in the kernel around every rule. */
export const kernelMutations: Mutation[] = [
  [
    "leaves out the last element",
    "whole = segment.length / BLOCK_LENGTH",
    "whole = (segment.length - 1u) / BLOCK_LENGTH",
  ],
  ["leaves out the rest", "let rest = segment.length % BLOCK_LENGTH", "let rest = 0u"],
  ["steps one element beyond the rest", /< rest\) \{\n\s+storeParam/, "<= rest) {\nstoreParam"],
  ["leaves out a lane of the rest", "min(rest, BLOCK_LANES)", "min(rest, BLOCK_LANES) - 1u"],
  ["takes the gradient of a neighbour", "loadGrad(g + BLOCK_LANES)", "loadGrad(g + BLOCK_LANES + 1u)"],
  ["swaps two components", "storeParam(p, stepped.x)", "storeParam(p, stepped.y)"],
  ["adds the step", "let stepped = param - delta", "let stepped = param + delta"],
  ["ignores where the state begins", "let at = segment.state + b", "let at = b"],
];

/** Mistakes in the kernels that clip, skip, count and watch. */
export const controlMutations: Mutation[] = [
  ["forgets the factor", "decided.factor * (decided.scale *", "(decided.scale *"],
  ["forgets the factor's other part", "(decided.scale * clamped", "(clamped"],
  ["forgets to unscale", "clampedGradient(decided.gradScale * raw", "clampedGradient(raw"],
  ["forgets to clamp", "return clamp(gradient, vec4f(-limit), vec4f(limit));", "return gradient;"],
  ["skips nothing", "return control.skip != 0u;", "return false;"],
  [
    "forgets the rest in the norm",
    "for (var i = whole * BLOCK_LENGTH + invocation;",
    "for (var i = segment.length;",
  ],
  ["forgets the last components in the norm", "dot(squares, vec4f(1.0))", "dot(squares.xyz, vec3f(1.0))"],
  [
    "does not scale large gradients",
    "scaledSum(segment, invocation, DOWN)",
    "scaledSum(segment, invocation, 1.0)",
  ],
  [
    "does not scale small gradients",
    "scaledSum(segment, invocation, UP)",
    "scaledSum(segment, invocation, 1.0)",
  ],
  [
    "measures as if nothing were clamped",
    "gradScale * bitcast<vec4f>(bits), clipValue",
    "gradScale * bitcast<vec4f>(bits), 1e30",
  ],
  ["finds all gradients finite", "if (highest > bitcast<u32>(record.finiteLimit))", "if (false)"],
  ["writes all partial sums to one row", "partials[segment.row] =", "partials[0] ="],
  ["always clips", "&& scale * ratio < 1.0", ""],
  ["never clips", "let clips = record.clips != 0u", "let clips = false"],
  ["counts a skipped step as taken", "counts[0].taken += select(1u, 0u, skip)", "counts[0].taken += 1u"],
  [
    "moves on in the table of scalars at a skip",
    "let taken = counts[g + 1u].taken;",
    "let taken = counts[g + 1u].run - 1u;",
  ],
  ["forgets what the scalars are at lr 0", "scalar.x + group.lr", "group.lr"],
  ["forgets lr", "+ group.lr * scalar.y", "+ scalar.y"],
  ["tags no step", "resolved[6] = bitcast<f32>(record.tag);", ""],
  [
    "notes the parameters before the step",
    "watch(stepped, delta, at, vec4<bool>(true), host)",
    "watch(param, delta, at, vec4<bool>(true), host)",
  ],
  ["notes no rest", "watch(stepped, delta, at, used, host);", ""],
  [
    "notes what is beyond the rest",
    "watch(stepped, delta, at, used, host);",
    "watch(stepped, delta, at, vec4<bool>(true), host);",
  ],
  ["notes small updates unscaled", "(UP * x) * (UP * x)", "x * x"],
  ["notes large updates unscaled", "(DOWN * x) * (DOWN * x)", "x * x"],
  [
    "forgets the other lanes' largest",
    "max(largestLanes[invocation], largestLanes[other])",
    "largestLanes[invocation]",
  ],
  ["forgets the other lanes' capped", "cappedLanes[invocation] += cappedLanes[other];", ""],
  ["counts what is not capped", "step.capped & used", "used"],
  ["takes the mantissa for the exponent", ">> vec4u(23u)", ">> vec4u(22u)"],
  ["is a bin off", "vec4i(127 + LOWEST_BIN)", "vec4i(126 + LOWEST_BIN)"],
  ["sums up the rows of a neighbour", "partials[rows.first + i]", "partials[i]"],
  ["sums up the notes of a neighbour", "watched[rows.first + i]", "watched[i]"],
  ["sums up the histograms of a neighbour", "histograms[(rows.first + i)", "histograms[(i)"],
  ["forgets gradients that are not finite", "notFinite += u32(max(-part.big, 0.0));", ""],
  [
    "sums up one row",
    "for (var i = invocation; i < rows.count; i += WORKGROUP_SIZE) {\n    let part",
    "for (var i = invocation; i < 1u; i += WORKGROUP_SIZE) {\n    let part",
  ],
];
