// Measurements in words. Must not know where they are shown.
import type { SubjectName } from "../../bench/options.mjs";
import type { Entrant } from "../../bench/rows";
import { formatCount } from "../shared/format";
import { ruleLabel } from "../shared/rules";

const SUBJECT_LABELS: Record<SubjectName, string> = {
  "webgpu-optim": "webgpu-optim",
  streaming: "Limit",
  copy: "Buffer copy",
  naive: "Adam by hand",
  tfjs: "TensorFlow.js",
  "jax-js": "jax-js",
};

export const subjectLabel = (subject: SubjectName): string => SUBJECT_LABELS[subject];

/** A number in three digits: 0.0123, 1.23, 1,230. */
export function threeDigits(value: number): string {
  if (value === 0) return "0";
  return value >= 100 ? formatCount(Math.round(value)) : value.toPrecision(3);
}

/** A time in the unit that suits it: 12.3 µs, 1.23 ms, 1.23 s. */
export function formatTime(ms: number): string {
  if (ms < 0.1) return `${threeDigits(1000 * ms)} µs`;
  return ms < 1000 ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1000)} s`;
}

/** One tensor; 100 tensors. */
export const formatTensorCount = (tensors: number): string =>
  tensors === 1 ? "one tensor" : `${formatCount(tensors)} tensors`;

/** One tensor; 100 tensors, arena. */
export const formatTensors = ({ tensors, layout }: Pick<Entrant, "tensors" | "layout">): string =>
  tensors === 1 ? formatTensorCount(tensors) : `${formatTensorCount(tensors)}, ${layout}`;

/** What is stepped: Adam, 1,048,576 parameters. */
export const formatCase = ({ rule, parameters }: Pick<Entrant, "rule" | "parameters">): string =>
  `${ruleLabel(rule)}, ${formatCount(parameters)} parameters`;

/** A mean of counts: 22, 5.36. */
export const formatMean = (value: number): string =>
  Number.isInteger(value) ? formatCount(value) : threeDigits(value);

/** How many times as long, so that twice as long is 2.00 ×. */
export const formatTimes = (ratio: number): string => `${threeDigits(ratio)} ×`;
