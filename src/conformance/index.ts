// The public surface of `webgpu-optim/conformance`: named re-exports, no logic.
export type { CaseResult, ConformanceReport, Measurement } from "./report.js";
export { runConformance, type ConformanceOptions } from "./run.js";
