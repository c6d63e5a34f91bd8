// What `npm run train` writes to the terminal: a bar where there is a terminal, plain lines elsewhere. It must not
// know browsers.
import process from "node:process";
import cliProgress from "cli-progress";

const DEFAULT_COLUMNS = 80;
/** Columns of the bar's line that are not the bar. */
const TEXT_COLUMNS = 58;
/** Plain lines are written this often: one per tenth of the steps. */
const PLAIN_LINES = 10;

/** @typedef {Extract<import("../demo/digits/headless").TrainingEvent, { type: "progress" }>} Progress */

/** @param {number} fraction */
export const percent = (fraction) => `${(100 * fraction).toFixed(2)} %`;

/** @param {Progress} progress */
function payload({ epoch, loss, accuracy }) {
  return { epoch, loss: loss.toFixed(3), accuracy: (100 * accuracy).toFixed(1).padStart(5) };
}

/** Shows the progress of a run. */
export function progressDisplay(stream = process.stdout) {
  return stream.isTTY ? barDisplay(stream) : plainDisplay(stream);
}

/** @param {NodeJS.WriteStream} stream */
function barDisplay(stream) {
  const bar = new cliProgress.SingleBar(
    {
      stream,
      format:
        "{bar} {percentage}% | epoch {epoch} | loss {loss} | accuracy {accuracy} % | {eta_formatted} left",
      barsize: Math.max(8, Math.min(40, (stream.columns || DEFAULT_COLUMNS) - TEXT_COLUMNS)),
      hideCursor: true,
      etaBuffer: 50,
    },
    cliProgress.Presets.shades_classic,
  );
  let started = false;
  return {
    /** @param {Progress} progress */
    update(progress) {
      if (!started) bar.start(progress.totalSteps, 0, payload(progress));
      started = true;
      bar.update(progress.step, payload(progress));
    },
    /** Gives the line and the cursor back; safe to call twice. */
    stop() {
      if (started) bar.stop();
      started = false;
    },
  };
}

/** @param {NodeJS.WritableStream} stream */
function plainDisplay(stream) {
  let written = 0;
  return {
    /** @param {Progress} progress */
    update(progress) {
      const { step, totalSteps } = progress;
      const due = Math.floor((PLAIN_LINES * step) / totalSteps);
      if (due === written) return;
      written = due;
      const { epoch, loss, accuracy } = payload(progress);
      stream.write(
        `step ${step} of ${totalSteps}, epoch ${epoch}, loss ${loss}, accuracy ${accuracy.trim()} %\n`,
      );
    },
    stop() {
      // Nothing to give back.
    },
  };
}
