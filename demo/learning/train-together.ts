// Drives several runs to their last step, in lockstep, in chunks that keep the caller informed. Must not know what they
// train.

/** What a number of steps brought. */
export type StepsReport = {
  stepCount: number;
  /** Of the last step, or a mean over all of them. A run whose loss is not finite has diverged, and takes no more steps. */
  loss: number;
  /** Wall time of all the steps, readback included. */
  wallMs: number;
};

/** One run: the same steps under one of the rules that are compared. */
export type Run<Report extends StepsReport> = {
  readonly totalSteps: number;
  /** Completed steps. */
  readonly step: number;
  train: (stepCount: number) => Promise<Report>;
};

export type Hooks<Report extends StepsReport> = {
  /** Ends the training after the chunk in progress; a later call goes on from there. */
  signal: AbortSignal;
  /** How often `onSteps` is wanted. */
  chunkMs: number;
  evaluateEvery: number;
  /** Receives the reports of the runs in their order; null for one that has diverged before. */
  onSteps: (reports: (Report | null)[], step: number) => void;
  /** Called after every {@link evaluateEvery} steps and after the last; the training waits for it. */
  onEvaluate: (step: number) => Promise<void>;
};

/** Trains until the last step, the signal, or until all runs have diverged; false when the signal ended it. */
export async function trainTogether<Report extends StepsReport>(
  runs: readonly Run<Report>[],
  hooks: Hooks<Report>,
): Promise<boolean> {
  const { signal, evaluateEvery, chunkMs } = hooks;
  // One that diverged in an earlier call has stayed behind.
  const step = () => Math.max(...runs.map((run) => run.step));
  const live = new Set(runs.filter((run) => run.step === step()));
  const totalSteps = Math.max(...runs.map((run) => run.totalSteps));
  let chunk = 1;
  while (step() < totalSteps && live.size > 0) {
    if (signal.aborted) return false;
    const now = step();
    const stepCount = Math.min(chunk, evaluateEvery - (now % evaluateEvery), totalSteps - now);
    const reports: (Report | null)[] = [];
    for (const run of runs) reports.push(live.has(run) ? await run.train(stepCount) : null);
    hooks.onSteps(reports, step());
    const wallMs = reports.reduce((sum, report) => sum + (report?.wallMs ?? 0), 0);
    // At most doubled, since the first steps are slow and the length of one is not known before.
    chunk = Math.max(1, Math.min(2 * chunk, Math.round((chunkMs * stepCount) / wallMs)));
    runs.forEach((run, index) => {
      if (!Number.isFinite(reports[index]?.loss ?? 0)) live.delete(run);
    });
    const isLast = step() === totalSteps || live.size === 0;
    if (step() % evaluateEvery === 0 || isLast) await hooks.onEvaluate(step());
  }
  return true;
}
