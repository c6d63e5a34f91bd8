// Which entrants are measured, and which of them side by side. Must not know how.
import { type BenchmarkOptions, RULES, type RuleName, type SubjectName, SUBJECTS } from "./options.mjs";
import type { Entrant, Layout } from "./rows";

/** Entrants that are measured in turn, because they are to be compared. */
export type Contest = readonly Entrant[];

/** Adam alone is what the others have too. */
const PEER_RULE: RuleName = "adam";
const PEERS = ["naive", "tfjs", "jax-js"] as const satisfies SubjectName[];

const QUICK_RULES: readonly RuleName[] = ["adam", "adabelief"];
const MILLION = 2 ** 20;

/** What bounds the sizes of the plan. */
export type Scale = {
  /** Elements of the largest tensor whose state (two slots) can be bound at once. */
  maxParameters: number;
  /** The adapter is software: what takes it minutes is left out. */
  isSoftware: boolean;
};

const entrant = (
  subject: SubjectName,
  rule: RuleName,
  parameters: number,
  tensors = 1,
  layout: Layout = "separate",
): Entrant => ({ subject, rule, parameters, tensors, layout });

/** One tensor: the package, its limits and, for the rule that others have, them. */
function oneTensor(rule: RuleName, parameters: number, others: readonly SubjectName[] = []): Contest {
  const subjects: SubjectName[] = ["webgpu-optim", "streaming", ...(rule === PEER_RULE ? others : [])];
  return subjects.map((subject) => entrant(subject, rule, parameters));
}

/** Many tensors of one size in both layouts, beside one tensor of the same total; `others` have no arena. */
function manyTensors(tensors: number, length: number, others: readonly SubjectName[] = []): Contest {
  const total = tensors * length;
  const ours = [
    entrant("webgpu-optim", PEER_RULE, total),
    entrant("webgpu-optim", PEER_RULE, total, tensors, "arena"),
    entrant("webgpu-optim", PEER_RULE, total, tensors, "separate"),
  ];
  return [
    ...ours,
    entrant("streaming", PEER_RULE, total, tensors, "arena"),
    entrant("streaming", PEER_RULE, total, tensors, "separate"),
    ...others.map((subject) => entrant(subject, PEER_RULE, total, tensors)),
  ];
}

const quickPlan = (rules: readonly RuleName[]): Contest[] => [
  ...rules.flatMap((rule) => [
    oneTensor(rule, MILLION, ["copy", ...PEERS]),
    oneTensor(rule, 4 * MILLION, ["copy"]),
  ]),
  ...(rules.includes(PEER_RULE) ? [manyTensors(100, 1024, PEERS), manyTensors(1000, 1024)] : []),
];

function fullPlan(rules: readonly RuleName[], { maxParameters, isSoftware }: Scale): Contest[] {
  const powers = [10, 12, 14, 16, 18, 20, 22, 24, ...(isSoftware ? [] : [26])];
  const sizes = powers.map((power) => 2 ** power).filter((size) => size <= maxParameters);
  const others: SubjectName[] = ["copy", ...PEERS];
  return [
    ...rules.flatMap((rule) => {
      const ofRule = QUICK_RULES.includes(rule)
        ? sizes
        : sizes.filter((size) => [MILLION, 4 * MILLION].includes(size));
      return ofRule.map((size) => oneTensor(rule, size, others));
    }),
    ...(rules.includes(PEER_RULE)
      ? [
          manyTensors(100, 1024, PEERS),
          manyTensors(100, 2 ** 14, PEERS),
          manyTensors(1000, 1024, PEERS),
          manyTensors(1000, 2 ** 12),
        ]
      : []),
  ];
}

/** The sizes that were asked for. */
function customPlan(
  rules: readonly RuleName[],
  sizes: readonly number[],
  tensors: readonly number[],
): Contest[] {
  return rules.flatMap((rule) =>
    sizes.flatMap((size) =>
      tensors.map((count) => {
        const total = count * Math.max(1, Math.round(size / count));
        const layouts: Layout[] = count === 1 ? ["separate"] : ["separate", "arena"];
        const ours = layouts.flatMap((layout) => [
          entrant("webgpu-optim", rule, total, count, layout),
          entrant("streaming", rule, total, count, layout),
        ]);
        const copy = count === 1 ? [entrant("copy", rule, total)] : [];
        const peers = rule === PEER_RULE ? PEERS.map((subject) => entrant(subject, rule, total, count)) : [];
        return [...ours, ...copy, ...peers];
      }),
    ),
  );
}

/** The contests that options ask for. */
export function plan({ quick, rules, subjects, sizes, tensors }: BenchmarkOptions, scale: Scale): Contest[] {
  const chosen = rules ?? (quick || sizes ? QUICK_RULES : RULES);
  const contests = sizes
    ? customPlan(chosen, sizes, tensors)
    : quick
      ? quickPlan(chosen)
      : fullPlan(chosen, scale);
  return subjects
    ? without(new Set(SUBJECTS.filter((name) => !subjects.includes(name))), contests)
    : contests;
}

/** What is left of contests without some of the subjects. */
export function without(subjects: ReadonlySet<SubjectName>, contests: readonly Contest[]): Contest[] {
  return contests
    .map((contest) => contest.filter(({ subject }) => !subjects.has(subject)))
    .filter((contest) => contest.length > 0);
}
