// A page that trains the same network under several rules: its states, and what each event does. Must not know what is
// trained or shown.
import { Controls } from "../shared/controls";
import { byId } from "../shared/dom";
import { formatCount } from "../shared/format";
import { openJaxDevice } from "../shared/jax-device";
import { ProgressBar } from "../shared/progress-bar";
import { ruleLabel } from "../shared/rules";
import type { Schema, Values } from "../shared/settings";
import { Shell } from "../shared/shell";
import { ADVISED, type ComparedRule, type Task } from "./advised.mjs";
import { chosenRule, type ComparisonSchema } from "./settings";
import { type Run, type StepsReport, trainTogether } from "./train-together";
import type { RuleOptions, UpdateRule } from "webgpu-optim";

type State = "opening" | "idle" | "preparing" | "running" | "stopping" | "paused" | "finished" | "failed";

/** Label of the main button, and which buttons can be pressed. */
const BUTTONS: Record<State, [toggle: string, canToggle: boolean, canReset: boolean]> = {
  opening: ["Start", false, false],
  idle: ["Start", true, false],
  preparing: ["Starting", false, false],
  running: ["Pause", true, true],
  stopping: ["Pause", false, false],
  paused: ["Resume", true, true],
  finished: ["Train again", true, true],
  failed: ["Start", false, false],
};

const CHUNK_MS = 200;
const EVALUATIONS = 20;
/** Steps between two evaluations, at least: they take their time too. */
const MIN_BETWEEN = 10;

export type PageRun<Report extends StepsReport> = Run<Report> & { lr: number; destroy: () => void };

/** Says what goes on; `fraction` from 0 to 1, or null while it is unknown. */
export type Stage = (text: string, fraction: number | null) => void;

/** What a page trains and shows. Lists of runs and reports have the order of the chosen rules. */
export type Subject<S extends ComparisonSchema, Report extends StepsReport, R extends PageRun<Report>> = {
  task: Task;
  schema: S;
  totalSteps: (values: Readonly<Values<S>>) => number;
  /** Once, before anything can be started. */
  open?: (device: GPUDevice, stage: Stage) => Promise<void>;
  /** Before the first run. */
  load: (device: GPUDevice, stage: Stage) => Promise<void>;
  create: (device: GPUDevice, values: Readonly<Values<S>>, rule: UpdateRule<RuleOptions>) => Promise<R>;
  /** Shows that nothing has been trained with these settings. */
  clear: (values: Readonly<Values<S>>) => void;
  onSteps: (reports: readonly (Report | null)[], step: number) => void;
  onEvaluate: (runs: readonly R[], step: number) => Promise<void>;
  onFinish?: (runs: readonly R[], stage: Stage) => Promise<void>;
};

export class Comparison<S extends ComparisonSchema, Report extends StepsReport, R extends PageRun<Report>> {
  readonly #subject: Subject<S, Report, R>;
  readonly #shell: Shell;
  readonly #controls: Controls<S>;
  readonly #progress = new ProgressBar(byId("progress"), byId("status"), byId("progress-detail"));
  #state: State = "opening";
  #device: GPUDevice | undefined;
  #isLoaded = false;
  #runs: R[] = [];
  /** The settings of the runs, which those of the form may differ from. */
  #values: Readonly<Values<S>>;
  #diverged = new Set<ComparedRule>();
  #stopSignal = new AbortController();
  /** The training under way, to be waited for before its runs are destroyed. */
  #training: Promise<void> = Promise.resolve();

  constructor(subject: Subject<S, Report, R>) {
    this.#subject = subject;
    this.#shell = new Shell(() => {
      this.#stopSignal.abort();
      this.#enter("failed");
      this.#progress.show("Stopped", 0);
    });
    this.#controls = new Controls<S>(byId("controls", HTMLFormElement), subject.schema, {
      onChange: (name) => {
        this.#changed(name);
      },
      onToggle: () => void this.#toggle().catch(this.#shell.fail),
      onReset: () => void this.#reset().catch(this.#shell.fail),
    });
    this.#values = this.#controls.values;
    subject.clear(this.#values);
    this.#showHint();
    this.#shell.problems(this.#controls.problems);
    this.#open().catch(this.#shell.fail);
  }

  #enter(next: State): void {
    this.#state = this.#shell.hasFailed() ? "failed" : next;
    this.#shell.enter(this.#state);
    this.#controls.setButtons(...BUTTONS[this.#state]);
  }

  readonly #stage: Stage = (text, fraction) => {
    if (!this.#shell.hasFailed()) this.#progress.show(text, fraction);
  };

  async #open(): Promise<void> {
    this.#enter("opening");
    this.#stage("Looking for a GPU", null);
    this.#device = await this.#shell.openDevice(openJaxDevice);
    await this.#subject.open?.(this.#device, this.#stage);
    this.#enter("idle");
    this.#stage("Ready", 0);
  }

  #changed(name: keyof S & string): void {
    const { rates, lr } = this.#controls.values;
    // Whoever enters a rate wants it used.
    if (name === "lr" && rates !== "same") {
      this.#controls.set({ rates: "same" } as Partial<Values<S>>);
      return;
    }
    if (name === "lr" || name === "rates") {
      this.#runs.forEach((run, index) => {
        const rule = this.#values.rules[index]!;
        run.lr = rates === "same" ? lr : ADVISED[this.#subject.task][rule].settings.lr;
      });
    }
    if (this.#runs.length === 0) {
      this.#values = this.#controls.values;
      this.#subject.clear(this.#values);
    }
    this.#showHint();
  }

  #showHint(): void {
    const schema: Schema = this.#subject.schema;
    const now: Readonly<Record<string, unknown>> = this.#controls.values;
    const before: Readonly<Record<string, unknown>> = this.#values;
    const isPending = Object.entries(schema).some(
      ([name, setting]) =>
        name !== "rates" && name !== "lr" && setting.format(now[name]) !== setting.format(before[name]),
    );
    this.#controls.hint(
      this.#runs.length > 0 && isPending
        ? "The new settings take effect after a reset; a learning rate at once."
        : `${formatCount(this.#subject.totalSteps(this.#controls.values))} steps; all rules see the same data from the same start.`,
    );
  }

  async #toggle(): Promise<void> {
    if (this.#state === "running") await this.#stop();
    else if (this.#state === "paused") this.#train();
    else {
      if (this.#state === "finished") await this.#reset();
      await this.#start();
    }
  }

  async #start(): Promise<void> {
    const device = this.#device!;
    this.#enter("preparing");
    this.#shell.notice(null);
    if (!this.#isLoaded) await this.#subject.load(device, this.#stage);
    this.#isLoaded = true;
    this.#values = this.#controls.values;
    this.#subject.clear(this.#values);
    this.#diverged = new Set();
    for (const name of this.#values.rules) {
      this.#stage(`Compiling for your GPU: ${ruleLabel(name)}`, null);
      const rule = chosenRule(this.#subject.task, name, this.#values);
      this.#runs.push(await this.#subject.create(device, this.#values, rule));
      if (this.#shell.hasFailed()) return;
    }
    this.#showHint();
    this.#train();
  }

  #train(): void {
    this.#enter("running");
    this.#stopSignal = new AbortController();
    this.#training = this.#loop(this.#stopSignal.signal).catch(this.#shell.fail);
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { totalSteps, onSteps, onEvaluate, onFinish } = this.#subject;
    const total = totalSteps(this.#values);
    const isDone = await trainTogether(this.#runs, {
      signal,
      chunkMs: CHUNK_MS,
      evaluateEvery: Math.max(MIN_BETWEEN, Math.round(total / EVALUATIONS)),
      onSteps: (reports, step) => {
        this.#showSpeed(reports, step, total);
        onSteps(reports, step);
        this.#noticeDiverged(reports, step);
      },
      onEvaluate: (step) => onEvaluate(this.#runs, step),
    });
    if (this.#shell.hasFailed()) return;
    if (!isDone) {
      this.#enter("paused");
      this.#progress.show("Paused", this.#fraction(), byId("progress-detail").textContent);
      return;
    }
    this.#enter("stopping");
    await onFinish?.(this.#runs, this.#stage);
    this.#stage("Done", 1);
    this.#enter("finished");
  }

  #fraction(): number {
    const steps = this.#runs.map((run) => run.step);
    return Math.max(...steps) / this.#subject.totalSteps(this.#values);
  }

  #showSpeed(reports: readonly (Report | null)[], step: number, total: number): void {
    const live = reports.filter((report) => report !== null);
    const wallMs = live.reduce((sum, report) => sum + report.wallMs, 0);
    const perSecond = (1000 * (live[0]?.stepCount ?? 0)) / wallMs;
    const speed = perSecond < 10 ? perSecond.toFixed(1) : perSecond.toFixed(0);
    this.#progress.show(
      "Training",
      step / total,
      `step ${formatCount(step)} of ${formatCount(total)} · ${speed} a second`,
    );
  }

  #noticeDiverged(reports: readonly (Report | null)[], step: number): void {
    reports.forEach((report, index) => {
      const rule = this.#values.rules[index]!;
      if (!report || Number.isFinite(report.loss) || this.#diverged.has(rule)) return;
      this.#diverged.add(rule);
      const names = [...this.#diverged].map(ruleLabel).join(" and ");
      this.#shell.notice(
        `${names} diverged by step ${formatCount(step)}: the loss is no longer a number, because the learning rate is ` +
          "too high. Lower it, then reset.",
      );
    });
  }

  async #stop(): Promise<void> {
    this.#enter("stopping");
    this.#stopSignal.abort();
    await this.#training;
  }

  async #reset(): Promise<void> {
    if (this.#state === "running") await this.#stop();
    if (this.#shell.hasFailed()) return;
    for (const run of this.#runs) run.destroy();
    this.#runs = [];
    this.#values = this.#controls.values;
    this.#subject.clear(this.#values);
    this.#shell.notice(null);
    this.#showHint();
    this.#stage("Ready", 0);
    this.#enter("idle");
  }
}
