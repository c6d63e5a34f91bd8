// The page: its states, and what each event does. Must not know how cases are shown.
import { type CaseResult, type ConformanceReport, runConformance } from "webgpu-optim/conformance";
import { copyText } from "../shared/clipboard";
import { byId, onPress, setEnabled, setText } from "../shared/dom";
import { Shell } from "../shared/shell";
import { CaseTable } from "./case-table";
import { type ListedCase, listCases, partialReport } from "./outcome";
import { Readings } from "./readings";
import { RuleBars } from "./rule-bars";
import { Scope } from "./scope";
import { download } from "./share";
import { View } from "./view";
import { formatVerdict, summaryOf } from "./words";

type State = "opening" | "idle" | "running" | "stopping" | "finished" | "stopped" | "failed";

/** How often the elapsed time is written anew. */
const TICK_MS = 500;

/** A run under way or over. */
type Run = {
  readonly chosen: readonly ListedCase[];
  readonly filter: string;
  readonly start: number;
  readonly results: CaseResult[];
  /** Results that the page shows already. */
  shownCount: number;
  report?: ConformanceReport;
};

const shell = new Shell(showFailure);
const readings = new Readings();
const view = new View((choice) => {
  table.arrange(choice);
});
const table = new CaseTable(view.choice);
const scope = new Scope(location.search, {
  onRun: () => void start().catch(shell.fail),
  onStop: stop,
  onChange() {
    if (state === "idle") table.setCases(scope.chosen);
  },
});

let state: State = "opening";
let device: GPUDevice | undefined;
let emptyReport: ConformanceReport;
let rules: string[] = [];
let bars: RuleBars;
let run: Run | undefined;
let stopSignal = new AbortController();

function enter(next: State): void {
  state = next;
  shell.enter(next);
  scope.setButtons(["idle", "finished", "stopped"].includes(next), next === "running");
  const canShare = run?.report !== undefined;
  setEnabled(byId("copy", HTMLButtonElement), canShare);
  setEnabled(byId("download", HTMLButtonElement), canShare);
}

/** Shows what a run had until it broke off. */
function showFailure(): void {
  if (run && !run.report) {
    showNews(run);
    run.report = partialReport(emptyReport, run.results, performance.now() - run.start);
  }
  enter("failed");
  if (run) showProgress(run, "Broke off");
  else readings.stage("Stopped", 0);
  readings.current(null);
}

async function open(): Promise<void> {
  enter("opening");
  device = await shell.openDevice();
  const listed = await listCases(device);
  emptyReport = listed.emptyReport;
  rules = [...new Set(listed.cases.map(({ rule }) => rule))];
  bars = new RuleBars(byId("bars"), rules, (rule) => {
    view.pick(rule);
  });
  view.setCases(listed.cases);
  scope.setCases(listed.cases);
  table.setCases(scope.chosen);
  enter("idle");
  readings.stage("Ready", 0);
}

async function start(): Promise<void> {
  const started: Run = {
    chosen: scope.chosen,
    filter: scope.filter,
    start: performance.now(),
    results: [],
    shownCount: 0,
  };
  run = started;
  stopSignal = new AbortController();
  shell.notice(null);
  table.setCases(started.chosen);
  enter("running");
  showNews(started);
  const names = new Set(started.chosen.map(({ name }) => name));
  const ticking = setInterval(() => {
    if (run === started && !started.report) showNews(started);
  }, TICK_MS);
  let frame = 0;
  try {
    const report = await runConformance(device!, {
      filter: ({ name }) => names.has(name),
      signal: stopSignal.signal,
      onProgress({ result }) {
        started.results.push(result);
        // Once a frame at most: on fast hardware many cases end in one.
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          if (!started.report) showNews(started);
        });
      },
    });
    if (shell.hasFailed()) return;
    finish(started, report);
  } finally {
    clearInterval(ticking);
    cancelAnimationFrame(frame);
  }
}

function finish(finished: Run, report: ConformanceReport): void {
  showNews(finished);
  finished.report = report;
  const { cases, passed } = report;
  const isWhole = cases.length === finished.chosen.length;
  readings.current(null);
  const verdict = formatVerdict(passed, cases.length);
  showProgress(finished, isWhole ? verdict : cases.length === 0 ? "Stopped" : `Stopped. ${verdict}`);
  if (view.choice.order !== "run") table.arrange(view.choice);
  enter(isWhole ? "finished" : "stopped");
}

/** Shows the results that came since the last time, and the case being run. */
function showNews(shown: Run): void {
  const { results, chosen, shownCount } = shown;
  if (shownCount < results.length) table.show(results.slice(shownCount));
  if (shownCount < results.length || results.length === 0) {
    readings.results(results, chosen.length, rules, bars);
  }
  shown.shownCount = results.length;
  readings.current(chosen[results.length]?.name ?? null);
  showProgress(shown, state === "stopping" ? "Stopping after this case" : "Running");
}

function showProgress({ results, chosen, start, report }: Run, status: string): void {
  readings.progress(status, results.length, chosen.length, report?.durationMs ?? performance.now() - start);
}

function stop(): void {
  stopSignal.abort();
  enter("stopping");
  if (run) showNews(run);
}

onPress(byId("copy", HTMLButtonElement), () => {
  if (!run?.report) return;
  const hint = byId("share-hint");
  setText(hint, "");
  void copyText(summaryOf(run.report, run.chosen.length, run.filter), "Copy the summary").then((isCopied) => {
    setText(hint, isCopied ? "Copied." : "");
  });
});
onPress(byId("download", HTMLButtonElement), () => {
  if (run?.report) download(run.report);
});
readings.stage("Looking for a GPU", null);
open().catch(shell.fail);
