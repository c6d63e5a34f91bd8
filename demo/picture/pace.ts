// How many steps to take between two frames, and how fast steps are. Must not know what a step is.

/** On fast adapters a fit is still something to watch. */
const MAX_STEPS = 8;
const GOAL_MS = 30;
/** Time over which the speed is averaged. */
const MEMORY_MS = 2000;

export class Pace {
  /** Steps to take next. */
  stepCount = 1;
  #recent: { at: number; stepCount: number }[] = [];

  /** Begins a measurement; what lies before, such as a pause, does not count. */
  begin(now: number): void {
    this.#recent = [{ at: now, stepCount: 0 }];
  }

  /** Learns that steps were done at `now`, after `ms` milliseconds. */
  done(stepCount: number, ms: number, now: number): void {
    const affordable = Math.floor((stepCount * GOAL_MS) / Math.max(ms, 0.1));
    // Slowly up, at once down: a batch that takes long keeps the page from answering.
    this.stepCount = Math.max(1, Math.min(MAX_STEPS, affordable, this.stepCount + 1));
    this.#recent.push({ at: now, stepCount });
    while (this.#recent.length > 2 && now - this.#recent[0]!.at > MEMORY_MS) this.#recent.shift();
  }

  get stepsPerSecond(): number {
    const [first, ...rest] = this.#recent;
    const last = rest.at(-1);
    if (!first || !last || last.at === first.at) return 0;
    return (1000 * rest.reduce((sum, { stepCount }) => sum + stepCount, 0)) / (last.at - first.at);
  }
}
