// What the measuring code knows of a subject that is set up and ready to step.

/** A subject on the GPU, for one entrant. */
export type Runner = {
  /** One step as its user takes it: encoded and submitted. */
  step(): void;
  /** One step into an open pass, for a subject that can. */
  encode?(pass: GPUComputePassEncoder): void;
  /** Resolves when everything submitted has been done. */
  finished(): Promise<unknown>;
  /** Elements at both ends of the first tensor, after the steps so far, for a subject that has parameters. */
  peek?(): Promise<Float32Array>;
  /** Which of several kernels this is. */
  kernel?: string;
  destroy(): void;
};

/** The subject cannot do what is asked; the message says why, and the others are measured all the same. */
export class NotMeasurableError extends Error {
  override name = "NotMeasurableError";
}
