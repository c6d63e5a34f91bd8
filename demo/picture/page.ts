// The page: its states, and what each event does. Must not know how a picture is drawn or differentiated.
import { Controls } from "../shared/controls";
import { byId } from "../shared/dom";
import { formatCount } from "../shared/format";
import { ProgressBar } from "../shared/progress-bar";
import { Shell } from "../shared/shell";
import { createSurface, type Surface } from "../shared/surface";
import { Curves } from "./curves";
import { Fit, type Pair, type Side } from "./fit";
import { initialGaussians, perTensor, type PerTensor } from "./gaussians";
import { toPixels } from "./image";
import { compileKernels, type Kernels } from "./kernels";
import { Pace } from "./pace";
import { defaultRates, ruleOf } from "./rates";
import { LIVE, type PictureSettings, SETTINGS } from "./settings";
import { PictureSource } from "./source";
import { compilePainters, View } from "./view";
import type { RuleName } from "../shared/rules";

type State = "opening" | "preparing" | "idle" | "running" | "paused" | "finished" | "failed";

/** Label of the main button, and which buttons can be pressed. */
const BUTTONS: Record<State, [toggle: string, canToggle: boolean, canReset: boolean]> = {
  opening: ["Start", false, false],
  preparing: ["Start", false, false],
  idle: ["Start", true, false],
  running: ["Pause", true, true],
  paused: ["Resume", true, true],
  finished: ["Fit again", true, true],
  failed: ["Start", false, false],
};

const STATUS: Record<State, string> = {
  opening: "Looking for a GPU",
  preparing: "Preparing the Gaussians",
  idle: "Ready",
  running: "Fitting",
  paused: "Paused",
  finished: "Done",
  failed: "Stopped",
};

const shell = new Shell(() => {
  stopping.abort();
  enter("failed");
});
const progress = new ProgressBar(byId("progress"), byId("status"), byId("progress-detail"));
const controls = new Controls(byId("controls", HTMLFormElement), SETTINGS, {
  onChange(name) {
    if (!LIVE.has(name)) schedule(renew);
    else if (name === "show") schedule(watch);
    else changeInRun();
  },
  onToggle() {
    schedule(toggle);
  },
  onReset() {
    schedule(() => begin(false));
  },
});
const source = new PictureSource(() => {
  schedule(renew);
});
const curves = new Curves(controls.values.steps);
const pace = new Pace();

let state: State = "opening";
let device: GPUDevice;
let kernels: Kernels;
let views: { goal: View; sides: Pair<View> };
let fit: Fit | null = null;
let stopping = new AbortController();
/** The loop under way, to be waited for before its fit is destroyed. */
let looping: Promise<void> = Promise.resolve();
/** What visitors asked for is done in order, each when the one before is done. */
let scheduled: Promise<void> = Promise.resolve();

function schedule(task: () => void | Promise<void>): void {
  scheduled = scheduled.then(async () => {
    // Before the GPU is there, and after it has gone, there is nothing to do.
    if (!isOpen || shell.hasFailed()) return;
    await task();
  });
  scheduled = scheduled.catch(shell.fail);
}

let isOpen = false;

function enter(next: State): void {
  state = next;
  shell.enter(next);
  controls.setButtons(...BUTTONS[next]);
  showProgress();
}

function showProgress(): void {
  const { steps } = controls.values;
  const step = fit?.step ?? 0;
  const isWaiting = state === "opening" || state === "preparing";
  const counted = `step ${formatCount(step)} of ${formatCount(steps)}`;
  const speed = state === "running" ? pace.stepsPerSecond : 0;
  const detail =
    speed > 0 ? `${counted} · ${speed < 10 ? speed.toFixed(1) : Math.round(speed)} steps/s` : counted;
  progress.show(STATUS[state], isWaiting ? null : Math.min(1, step / steps), isWaiting ? "" : detail);
}

/** The learning rates of a rule, times what the visitor entered. */
function ratesOf(rule: RuleName, values: Readonly<PictureSettings>): PerTensor<number> {
  const rates = defaultRates(rule, values.gaussians);
  return perTensor((name) => rates[name] * values[name]);
}

async function open(): Promise<void> {
  enter("opening");
  shell.problems(controls.problems);
  device = await shell.openDevice();
  const surfaceOf = (id: string) => createSurface(device, byId(id, HTMLCanvasElement));
  const goal = surfaceOf("goal-canvas");
  const sides: Pair<Surface> = [surfaceOf("left-canvas"), surfaceOf("right-canvas")];
  const [compiled, painters] = await Promise.all([
    compileKernels(device),
    compilePainters(device, goal.format),
  ]);
  kernels = compiled;
  const viewOf = (surface: Surface) => new View(device, painters, surface);
  views = { goal: viewOf(goal), sides: [viewOf(sides[0]), viewOf(sides[1])] };
  isOpen = true;
  schedule(() => begin(false));
}

/** Begins anew with the settings as they are, and goes on to run if asked. */
async function begin(runs: boolean): Promise<void> {
  await stop();
  if (shell.hasFailed()) return;
  for (const view of [views.goal, ...views.sides]) view.forget();
  fit?.destroy();
  fit = null;
  enter("preparing");
  const { values } = controls;
  const rules: Pair<RuleName> = [values.left, values.right];
  curves.begin(rules);
  const sideOf = (rule: RuleName): Side => ({ rule: ruleOf(rule), lrs: ratesOf(rule, values) });
  fit = await Fit.create(
    device,
    kernels,
    toPixels(source.image, Number(values.size)),
    initialGaussians(values.gaussians, values.seed),
    [sideOf(rules[0]), sideOf(rules[1])],
  );
  curves.add(await fit.begin());
  watch();
  if (runs) run();
  else enter("idle");
}

const renew = () => begin(state === "running");

/** Shows what the visitor wants to see. */
function watch(): void {
  if (!fit) return;
  const { goal, models } = fit;
  const mode = controls.values.show;
  views.goal.watch(goal, null, mode);
  views.goal.draw();
  views.sides.forEach((view, side) => {
    view.watch(goal, models[side]!, mode);
    view.draw();
  });
}

/** Takes over learning rates and the number of steps, which hold from the next step on. */
function changeInRun(): void {
  const { values } = controls;
  curves.setEnd(values.steps);
  if (!fit) return;
  fit.models[0].setLearningRates(ratesOf(values.left, values));
  fit.models[1].setLearningRates(ratesOf(values.right, values));
  if (state === "finished" && fit.step < values.steps) enter("paused");
  showProgress();
}

async function toggle(): Promise<void> {
  if (state === "running") {
    await stop();
    if (!shell.hasFailed()) enter(fit!.step < controls.values.steps ? "paused" : "finished");
  } else if (state === "finished") await begin(true);
  else run();
}

async function stop(): Promise<void> {
  stopping.abort();
  await looping;
}

function run(): void {
  stopping = new AbortController();
  pace.begin(performance.now());
  enter("running");
  looping = loop(fit!, stopping.signal).catch(shell.fail);
}

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));

async function loop(running: Fit, signal: AbortSignal): Promise<void> {
  const isAborted = () => signal.aborted;
  for (;;) {
    await nextFrame();
    if (isAborted()) return;
    const left = controls.values.steps - running.step;
    if (left <= 0) break;
    const stepCount = Math.min(pace.stepCount, left);
    const start = performance.now();
    curves.add(await running.advance(stepCount));
    const now = performance.now();
    pace.done(stepCount, now - start, now);
    if (shell.hasFailed()) return;
    for (const view of views.sides) view.draw();
    showProgress();
  }
  enter("finished");
}

controls.hint("Another rule, size, seed or number of Gaussians starts anew.");
open().catch(shell.fail);
