// The page: its states, and what each event does. Must not know how rows are shown.
import type { Contest } from "../../bench/contests";
import type { Report, Row } from "../../bench/rows";
import { planFor, type Progress, reportOf, requestBenchmarkDevice, runBenchmark } from "../../bench/run";
import { browserName } from "../shared/browser-name";
import { Controls } from "../shared/controls";
import { noAdapter, requireGpu } from "../shared/device";
import { byId, element, onPress, setEnabled } from "../shared/dom";
import { downloadJson, fileName } from "../shared/download";
import { Shell } from "../shared/shell";
import { LimitBars } from "./limit-bars";
import { Readings } from "./readings";
import { RowTable } from "./row-table";
import { optionsOf, schema } from "./schema";
import { TimeCharts } from "./time-charts";

type State = "opening" | "idle" | "running" | "stopping" | "finished" | "stopped" | "failed";

/** How often the elapsed time is written anew. */
const TICK_MS = 500;

/** A run under way or over. */
type Run = {
  readonly start: number;
  readonly stop: AbortController;
  readonly rows: Row[];
  readonly notes: string[];
  fraction: number;
  report?: Report;
};

const readings = new Readings();
const limitBars = new LimitBars(byId("limit-bars"));
const timeCharts = new TimeCharts(byId("times"));
const table = new RowTable(byId("head"), byId("rows"), byId("empty"));
const controls = new Controls(byId("controls", HTMLFormElement), schema, {
  onChange() {
    if (["idle", "finished", "stopped"].includes(state)) reset();
  },
  onToggle() {
    if (state === "running") stop();
    else if (state !== "stopping") void start().catch(shell.fail);
  },
  onReset: reset,
});
let state: State = "opening";
let device: GPUDevice;
let run: Run | undefined;
const shell = new Shell(() => {
  if (run && !run.report) close(run);
  state = "failed";
  run?.stop.abort();
  readings.progress("Broke off", run?.fraction ?? 0);
  showButtons();
});

function enter(next: State): void {
  if (shell.hasFailed()) return;
  state = next;
  shell.enter(next);
  showButtons();
}

function showButtons(): void {
  const isRunning = state === "running" || state === "stopping";
  const isReady = ["idle", "finished", "stopped"].includes(state);
  controls.setButtons(
    isRunning ? "Cancel" : "Run",
    isReady || state === "running",
    isReady && run !== undefined,
  );
  setEnabled(byId("download", HTMLButtonElement), run?.report !== undefined && run.rows.length > 0);
}

async function open(): Promise<void> {
  device = await shell.openDevice(async () => {
    const adapter = await requireGpu().requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) throw noAdapter();
    return requestBenchmarkDevice(adapter);
  });
  shell.problems(controls.problems);
  reset();
}

/** Forgets what was measured, and makes room for what the settings ask for. */
function reset(): void {
  run = undefined;
  const contests: Contest[] = planFor(device, optionsOf(controls.values));
  limitBars.plan(contests);
  timeCharts.plan(contests);
  showRows([], []);
  readings.progress("Ready", 0);
  readings.current(null);
  const { scope } = controls.values;
  controls.hint(
    scope === "quick"
      ? "Takes a minute or two in software, less on a graphics card."
      : "Takes many minutes in software.",
  );
  enter("idle");
}

function showRows(rows: readonly Row[], notes: readonly string[]): void {
  readings.rows(rows);
  limitBars.show(rows);
  timeCharts.show(rows);
  table.show(rows);
  byId("notes").replaceChildren(...notes.map((note) => element("li", `Not measured: ${note}`)));
}

async function start(): Promise<void> {
  reset();
  const started: Run = {
    start: performance.now(),
    stop: new AbortController(),
    rows: [],
    notes: [],
    fraction: 0,
  };
  run = started;
  enter("running");
  const showTime = () => {
    const status = state === "stopping" ? "Stopping after this sample" : "Measuring";
    readings.progress(status, started.fraction, performance.now() - started.start);
  };
  showTime();
  const ticking = setInterval(showTime, TICK_MS);
  const { signal } = started.stop;
  const onProgress = (progress: Progress) => {
    if (progress.type === "stage") {
      started.fraction = progress.fraction;
      readings.current(progress.text);
      return;
    }
    if (progress.type === "row") started.rows.push(progress.row);
    else started.notes.push(progress.text);
    showRows(started.rows, started.notes);
  };
  try {
    const options = optionsOf(controls.values);
    const report = await runBenchmark(device, { options, inBrowser: true, signal, onProgress }, runtime());
    if (shell.hasFailed()) return;
    started.report = report;
    started.fraction = 1;
    readings.progress("Done", 1, report.durationMs);
    enter("finished");
  } catch (error) {
    if (!signal.aborted || shell.hasFailed()) throw error;
    close(started);
    readings.progress("Stopped", started.fraction, performance.now() - started.start);
    enter("stopped");
  } finally {
    clearInterval(ticking);
    readings.current(null);
  }
}

const runtime = () => browserName(navigator.userAgent);

/** Makes a report of what there is. */
function close(broken: Run): void {
  const { rows, notes, start } = broken;
  broken.report = reportOf(device, runtime(), {
    rows,
    notes,
    durationMs: Math.round(performance.now() - start),
  });
}

function stop(): void {
  run?.stop.abort();
  enter("stopping");
}

onPress(byId("download", HTMLButtonElement), () => {
  if (!run?.report) return;
  const { report } = run;
  downloadJson(JSON.stringify(report, null, 1), fileName("benchmark", report.adapterName, new Date()));
});
readings.progress("Looking for a GPU", null);
open().catch(shell.fail);
