// What the monitor tells of a step, in float64: the oracle of shaders/watch-*.wgsl and summarize.wgsl. Imports nothing that
// it judges.

/** An element's effective step, as a rule tells it. */
type EffectiveStep = { stepSize: number; capped: boolean };

/** Sums over one parameter in the latest step; those of squares are NaN where an element is not finite. */
export class StepWatch {
  gradSquares = NaN;
  nonFiniteCount = 0;
  updateSquares = 0;
  largestUpdate = 0;
  cappedCount = 0;
  paramSquares = NaN;
  stepSizeCounts: number[] | undefined;

  /** @param binOf the bin of a step size, for a rule that has them */
  constructor(
    readonly elementCount: number,
    readonly binCount: number,
    readonly binOf: ((stepSize: number) => number) | undefined,
  ) {
    this.stepSizeCounts = binOf && Array<number>(binCount).fill(0);
  }

  /** Begins a step, which may turn out to be skipped. */
  measure(
    grads: Iterable<number>,
    unscale: (grad: number) => number,
    isFinite: (grad: number) => boolean,
  ): void {
    this.gradSquares = this.nonFiniteCount = this.updateSquares = this.largestUpdate = this.cappedCount = 0;
    for (const grad of grads) {
      if (isFinite(grad)) this.gradSquares += unscale(grad) ** 2;
      else this.nonFiniteCount++;
    }
    if (this.nonFiniteCount > 0) this.gradSquares = NaN;
  }

  /** Begins the elements of a step that is taken. */
  begin(): void {
    this.paramSquares = 0;
    this.stepSizeCounts?.fill(0);
  }

  /** Notes an element. @param delta what was subtracted @param param afterwards */
  note(delta: number, param: number, effective: EffectiveStep | undefined): void {
    this.updateSquares += delta ** 2;
    this.largestUpdate = Math.max(this.largestUpdate, Math.abs(delta));
    this.paramSquares += param ** 2;
    if (!effective) return;
    if (effective.capped) this.cappedCount++;
    this.stepSizeCounts![this.binOf!(effective.stepSize)]!++;
  }
}
