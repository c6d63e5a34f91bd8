// Drives a trainer to its last step in chunks that keep the caller informed. Must not know the page or the terminal.
import type { StepsReport, Trainer } from "./trainer";

export type TrainLoopHooks = {
  /** Ends the loop after the chunk in progress; a later call goes on from there. */
  signal: AbortSignal;
  onSteps: (report: StepsReport) => void;
  /** Called after every {@link evaluateEvery} steps and after the last; the loop waits for it. */
  onEvaluate: () => Promise<void>;
  evaluateEvery: number;
  /** How often `onSteps` is wanted. */
  chunkMs: number;
};

/** Trains until the last step or the signal; true when the last step was reached. */
export async function trainLoop(trainer: Trainer, hooks: TrainLoopHooks): Promise<boolean> {
  const { evaluateEvery, chunkMs } = hooks;
  let chunk = 1;
  while (trainer.step < trainer.totalSteps) {
    if (hooks.signal.aborted) return false;
    const toEvaluation = evaluateEvery - (trainer.step % evaluateEvery);
    const report = await trainer.train(Math.min(chunk, toEvaluation, trainer.totalSteps - trainer.step));
    hooks.onSteps(report);
    // At most doubled, since the first steps are slow and the length of one is not known before.
    chunk = Math.max(1, Math.min(2 * chunk, Math.round((chunkMs * report.stepCount) / report.wallMs)));
    if (trainer.step % evaluateEvery === 0 || trainer.step === trainer.totalSteps) await hooks.onEvaluate();
  }
  return true;
}
