// The page: its states, and what each event does. Must not know how points move, are counted or drawn.
import { Controls } from "../shared/controls";
import { onSchemeChange } from "../shared/color";
import { isSoftware } from "../shared/device";
import { byId, setText } from "../shared/dom";
import { formatCount } from "../shared/format";
import { ProgressBar } from "../shared/progress-bar";
import { Shell } from "../shared/shell";
import { Curves } from "./curves";
import { ASPECT, landscapeOf } from "./functions";
import { MapView } from "./map-view";
import { Overlay } from "./overlay";
import { chooseRates, type Plan, Run } from "./run";
import { SCHEMA, type Settings, startOf, STEPS_PER_SECOND } from "./settings";
import { Standings } from "./standings";

type State = "opening" | "preparing" | "idle" | "running" | "paused" | "finished" | "failed";

/** Label of the main button, and which buttons can be pressed. */
const BUTTONS: Record<State, [toggle: string, canToggle: boolean, canReset: boolean]> = {
  opening: ["Start", false, false],
  preparing: ["Start", false, false],
  idle: ["Start", true, false],
  running: ["Pause", true, true],
  paused: ["Resume", true, true],
  finished: ["Run again", true, true],
  failed: ["Start", false, false],
};

/** What "Auto" means. */
const AUTO_COUNT = { software: 4000, hardware: 100_000 };
/** More steps than this between two pictures would hide what happens. */
const MAX_STEPS_PER_FRAME = 12;
/** Longer than this between two pictures would hold the page up. */
const MAX_FRAME_MS = 100;
const MAX_CANVAS_RATIO = 2;

const shell = new Shell(() => {
  enter("failed");
  progress.show("Stopped", 0);
});
const progress = new ProgressBar(byId("progress"), byId("status"), byId("progress-detail"));
const controls = new Controls(byId("controls", HTMLFormElement), SCHEMA, {
  onChange: changed,
  onToggle: toggle,
  onReset: () => void restart(false).catch(shell.fail),
});
const curves = new Curves();
const standings = new Standings();
const overlay = new Overlay(
  byId("overlay", HTMLCanvasElement),
  byId("start-marker", HTMLButtonElement),
  ([x, y]) => {
    controls.set({ x, y });
  },
);

let state: State = "opening";
let device: GPUDevice;
let map: MapView;
let run: Run | null = null;
/** Counts restarts, so that only the latest one takes effect. */
let generation = 0;
/** Whether the latest restart is to run at once. */
let runsAtOnce = false;
let looping: Promise<void> = Promise.resolve();

function enter(next: State): void {
  state = shell.hasFailed() ? "failed" : next;
  shell.enter(state);
  controls.setButtons(...BUTTONS[state]);
}

function planOf(settings: Settings): Plan {
  const landscape = landscapeOf(settings.landscape);
  const auto = isSoftware(device) ? AUTO_COUNT.software : AUTO_COUNT.hardware;
  return {
    view: settings.view,
    landscape,
    rules: settings.rules,
    start: startOf(settings),
    count: settings.count === "auto" ? auto : Number(settings.count),
    stepCount: settings.steps,
    noise: Math.hypot(landscape.noise, settings.noise),
    falls: settings.falls,
    seed: settings.seed,
  };
}

const ratesOf = (plan: Plan, { rates, lr }: Settings) => chooseRates(plan, rates === "same" ? lr : null);

function changed(name: keyof Settings): void {
  const settings = controls.values;
  if (name === "landscape") {
    controls.set({ x: null, y: null });
    showLandscape();
  }
  if (name === "x" || name === "y" || name === "view") showLandscape();
  // Whoever enters a rate wants it used.
  if (name === "lr" && settings.rates !== "same") {
    controls.set({ rates: "same" });
    return;
  }
  if (name === "lr" && run && (state === "running" || state === "paused")) {
    const rates = ratesOf(run.plan, settings);
    run.setRates(rates);
    standings.start(run, rates);
    standings.show(run);
    return;
  }
  if (name !== "speed" && state !== "opening" && !shell.hasFailed()) {
    void restart(state === "running" || (state === "preparing" && runsAtOnce)).catch(shell.fail);
  }
}

/** Shows the ground and the start, before anything moves on it. */
function showLandscape(): void {
  const settings = controls.values;
  const landscape = landscapeOf(settings.landscape);
  setText(byId("story"), landscape.story);
  controls.placeholder("x", String(landscape.start[0]));
  controls.placeholder("y", String(landscape.start[1]));
  overlay.place(landscape, settings.view === "race" ? startOf(settings) : null);
}

/** Makes a new run from the settings, once the one before has come to rest. */
async function restart(isRunning: boolean): Promise<void> {
  const mine = ++generation;
  runsAtOnce = isRunning;
  enter("preparing");
  await looping;
  if (mine !== generation) return;
  const settings = controls.values;
  const plan = planOf(settings);
  const rates = ratesOf(plan, settings);
  const made = await Run.create(device, plan, rates);
  await made.measureShares();
  if (mine !== generation || shell.hasFailed()) {
    made.destroy();
    return;
  }
  const before = run;
  run = made;
  map.show(plan.landscape, plan.view === "swarm" ? made.swarm : null);
  before?.destroy();
  curves.start(made);
  standings.start(made, rates);
  show();
  if (isRunning) start();
  else enter("idle");
}

function toggle(): void {
  if (state === "running") enter("paused");
  else if (state === "finished") void restart(true).catch(shell.fail);
  else start();
}

function start(): void {
  enter("running");
  const started = run!;
  looping = looping.then(() => loop(started)).catch(shell.fail);
}

const nextFrame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));

/** Steps at the speed that was chosen, or as fast as the GPU can, until a pause, the end or a restart. */
async function loop(running: Run): Promise<void> {
  let before = await nextFrame();
  let due = 1;
  // Twice as many steps while pictures come in time, half as many when they do not.
  let allowed = 1;
  while (state === "running" && run === running && !running.isDone) {
    const count = Math.min(Math.floor(due), allowed);
    if (count > 0) await running.advance(count);
    if (shell.hasFailed()) return;
    show();
    const now = await nextFrame();
    // What the GPU could not do in time is not made up for later.
    due = Math.min(
      due - count + ((now - before) / 1000) * STEPS_PER_SECOND[controls.values.speed],
      MAX_STEPS_PER_FRAME,
    );
    allowed =
      now - before < MAX_FRAME_MS ? Math.min(2 * allowed, MAX_STEPS_PER_FRAME) : Math.max(1, allowed >> 1);
    before = now;
  }
  if (running.isDone && state === "running" && run === running) enter("finished");
  show();
}

/** Draws the run as it is. */
function show(): void {
  if (!run) return;
  const { plan, swarm } = run;
  if (plan.view === "swarm") map.draw();
  overlay.show(run.paths);
  curves.show(run);
  standings.show(run);
  const what =
    plan.view === "race"
      ? `${plan.rules.length} rules`
      : `${plan.rules.length} × ${formatCount(swarm.count)}`;
  const status = swarm.step === 0 ? "Ready" : run.isDone ? "Done" : state === "paused" ? "Paused" : "Running";
  progress.show(status, swarm.step / plan.stepCount, `step ${swarm.step} of ${plan.stepCount} · ${what}`);
}

/** Gives the canvases as many pixels as the screen shows. */
function fitCanvases(): void {
  const box = byId("map");
  const ratio = Math.min(devicePixelRatio, MAX_CANVAS_RATIO);
  const width = Math.max(1, Math.round(box.clientWidth * ratio));
  for (const canvas of box.querySelectorAll("canvas")) {
    // Setting its size clears a canvas.
    if (canvas.width === width) return;
    canvas.width = width;
    canvas.height = Math.round(width / ASPECT);
  }
  redraw();
}

function redraw(): void {
  map.refresh();
  if (run) show();
  else overlay.draw();
}

async function open(): Promise<void> {
  enter("opening");
  progress.show("Looking for a GPU", null);
  shell.problems(controls.problems);
  controls.hint("Learning rate and speed take effect at once, all else from the start.");
  showLandscape();
  device = await shell.openDevice();
  map = new MapView(device, byId("picture", HTMLCanvasElement));
  new ResizeObserver(fitCanvases).observe(byId("map"));
  onSchemeChange(redraw);
  await restart(false);
}

open().catch(shell.fail);
