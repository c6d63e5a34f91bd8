// A histogram of step sizes as bars over powers of ten. Must not know whose steps they are.
import type { StepSizeHistogram } from "webgpu-optim";
import { element } from "../shared/dom";

/** What is drawn, in powers of ten; sizes beyond are counted at the ends. */
const [LOWEST, HIGHEST] = [-5, 7];
/** Every so many decades are named. */
const TICK_EVERY = 2;

export class Histogram {
  readonly #bars: HTMLElement[] = [];
  readonly #plot = element("div");

  constructor(container: HTMLElement) {
    this.#plot.className = "histogram-bars";
    const axis = element("div");
    axis.className = "histogram-axis";
    for (let power = LOWEST; power <= HIGHEST; power++) {
      const isNamed = (power - LOWEST) % TICK_EVERY === 1;
      const tick = element(
        "span",
        ...(isNamed ? ["10", element("sup", String(power).replace("-", "−"))] : []),
      );
      tick.style.left = `${(100 * (power - LOWEST)) / (HIGHEST - LOWEST)}%`;
      axis.append(tick);
    }
    container.append(this.#plot, axis);
    this.clear();
  }

  /** Draws the shares of the elements; the tallest bar fills the height. */
  show({ edges, counts }: StepSizeHistogram): void {
    const shown = edges.slice(0, -1).flatMap((edge, bin) => (inRange(edge, edges[bin + 1]!) ? [bin] : []));
    const [first, last] = [shown[0]!, shown.at(-1)!];
    const folded = shown.map((bin) => counts[bin]!);
    folded[0]! += sum(counts.slice(0, first));
    folded[folded.length - 1]! += sum(counts.slice(last + 1));
    while (this.#bars.length < folded.length) this.#bars.push(this.#plot.appendChild(element("div")));
    const highest = Math.max(...folded, 1);
    folded.forEach((count, index) => {
      const bar = this.#bars[index]!;
      const bin = shown[index]!;
      const [from, to] = [Math.max(edges[bin]!, LOWEST), Math.min(edges[bin + 1]!, HIGHEST)];
      bar.style.left = `${(100 * (from - LOWEST)) / (HIGHEST - LOWEST)}%`;
      bar.style.width = `calc(${(100 * (to - from)) / (HIGHEST - LOWEST)}% - 1px)`;
      // A bar of few elements is still to be seen.
      bar.style.height = count === 0 ? "0" : `max(2px, ${(100 * count) / highest}%)`;
    });
  }

  clear(): void {
    this.#bars.length = 0;
    this.#plot.replaceChildren();
  }
}

const inRange = (from: number, to: number) => to > LOWEST && from < HIGHEST;

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

/** The size that half of the elements are below, as a power of ten. */
export function medianPower({ edges, counts }: StepSizeHistogram): number {
  const half = sum(counts) / 2;
  let below = 0;
  const bin = counts.findIndex((count) => (below += count) >= half);
  return (edges[bin]! + edges[bin + 1]!) / 2;
}
