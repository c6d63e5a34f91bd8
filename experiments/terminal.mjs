// What `npm run experiments` writes to the terminal: a bar where there is a terminal, and a line for every finished run.
// It must not know browsers.
import process from "node:process";
import cliProgress from "cli-progress";
import { RULE_LABELS } from "./labels.mjs";
import { TASK_TEXTS } from "./tasks.mjs";

/**
 * @typedef {import("./grid.mjs").RunSpec} RunSpec
 * @typedef {import("./store.mjs").Result} Result
 */

/** @param {RunSpec} spec */
export const runName = ({ task, variant, rule, seed }) =>
  `${TASK_TEXTS[task].title}, ${TASK_TEXTS[task].variant(variant)}, ${RULE_LABELS[rule]}, seed ${seed}`;

/** @param {number} ms */
function duration(ms) {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 2) return "a minute";
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

/**
 * Milliseconds for what is left, from what runs of the same task took a step; null while no run has ended.
 * @param {readonly RunSpec[]} left
 * @param {readonly Result[]} done
 */
function timeLeft(left, done) {
  if (done.length === 0) return null;
  const perStep = (/** @type {readonly Result[]} */ runs) =>
    runs.reduce((sum, { wallMs }) => sum + wallMs, 0) / runs.reduce((sum, { sizes }) => sum + sizes.steps, 0);
  return left.reduce((sum, { task, sizes }) => {
    const known = done.filter((run) => run.task === task);
    return sum + sizes.steps * perStep(known.length > 0 ? known : done);
  }, 0);
}

export class Display {
  #stream = process.stdout;
  #bar = this.#stream.isTTY
    ? new cliProgress.SingleBar({
        stream: this.#stream,
        format: "{bar} {name} | step {value} of {total}",
        barsize: 24,
        hideCursor: true,
        linewrap: false,
      })
    : undefined;

  /** @param {RunSpec} spec */
  start(spec) {
    this.#bar?.start(spec.sizes.steps, 0, { name: runName(spec) });
  }

  /** @param {number} step */
  step(step) {
    this.#bar?.update(step);
  }

  /** Gives the line and the cursor back; safe to call twice. */
  stop() {
    this.#bar?.stop();
  }

  /**
   * @param {Result} result
   * @param {readonly Result[]} done
   * @param {readonly RunSpec[]} left
   */
  finished(result, done, left) {
    this.stop();
    const { task, value, wallMs } = result;
    const outcome = value === null ? "diverged" : TASK_TEXTS[task].format(value);
    const time = left.length === 0 ? "" : `, about ${duration(timeLeft(left, done) ?? 0)} left`;
    const total = done.length + left.length;
    this.line(
      `${done.length} of ${total}: ${runName(result)}: ${outcome} in ${(wallMs / 1000).toFixed(0)} s${time}`,
    );
  }

  /** @param {string} text */
  line(text) {
    this.#stream.write(`${text}\n`);
  }
}
