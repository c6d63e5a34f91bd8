// What a benchmark brings: one row per subject and case, and the report around them. Must not know how it is measured.
import type { RuleName, SubjectName } from "./options.mjs";

/** Tensors in slices of one buffer, or each in buffers of its own. */
export type Layout = "arena" | "separate";

/** GPU time between two timestamps, or wall time from the first submission until the queue is empty. */
export type Timing = "timestamp-query" | "submission";

/** What is measured. */
export type Entrant = {
  subject: SubjectName;
  rule: RuleName;
  /** Elements of all tensors together. */
  parameters: number;
  tensors: number;
  layout: Layout;
};

/** One measurement; times are of one step. */
export type Row = Entrant & {
  medianMs: number;
  minMs: number;
  maxMs: number;
  /** Host time of one step, encoding and submission included. */
  hostMs: number;
  /** GPU objects created per step, command encoders apart: buffers, bind groups, pipelines and the like. */
  objectsPerStep: number;
  encodersPerStep: number;
  /** JavaScript heap allocated per step, or null where the runtime does not tell. */
  garbageBytesPerStep: number | null;
  timing: Timing;
  /** How many samples the median is of, and how many steps a sample has. */
  samples: number;
  stepsPerSample: number;
  /** How many steps `hostMs` was taken from. */
  hostSteps: number;
  /** Bytes that a step in place moves per parameter: each of the state and the parameter read and written, the gradient read. */
  bytesPerParameter: number;
  /** For a subject with several kernels: the fastest, which the row is of, and the medians of those that competed. */
  kernel?: string;
  kernels?: { kernel: string; medianMs: number }[];
};

/** What `--json` writes, and the page downloads. */
export type Report = {
  format: "webgpu-optim/benchmark";
  adapter: { vendor: string; architecture: string; device: string; description: string };
  adapterName: string;
  /** Browser or runtime. */
  runtime: string;
  date: string;
  /** Version of this package. */
  version: string;
  durationMs: number;
  rows: Row[];
  /** What could not be measured, and why. */
  notes: string[];
};
