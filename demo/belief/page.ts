// The page: whatever is changed, the whole stream is run again and shown. Must not know how it is run or drawn.
import { OptionError } from "webgpu-optim";
import { Controls } from "../shared/controls";
import { byId, element, onPress, setText } from "../shared/dom";
import { formatCount } from "../shared/format";
import { ProgressBar } from "../shared/progress-bar";
import { Shell } from "../shared/shell";
import { Charts } from "./charts";
import { runOnGpu } from "./gpu-run";
import { averagesOf, differences, effectiveSteps, seenRatio, trueRatio } from "./measures";
import { runInFloat64 } from "./reference-run";
import { rulesOf, SCHEMA, type Settings, shapeOf } from "./settings";
import { STORIES, type Story, STORY_NAMES } from "./stories";
import { makeStream } from "./stream";
import { showSummary } from "./summary";
import { type Variant, variantsOf } from "./variants";

const HINT = "Everything takes effect at once.";

const shell = new Shell(() => {
  controls.setButtons("", false, false);
  progress.show("Stopped", 0);
});
const progress = new ProgressBar(byId("progress"), byId("status"), byId("progress-detail"));
const controls = new Controls(byId("controls", HTMLFormElement), SCHEMA, {
  onChange: request,
  onReset: () => {
    tell(STORIES.predictable);
  },
});
const charts = new Charts();

let device: GPUDevice | undefined;
/** Whether settings have changed since the run under way began. */
let isStale = false;
let isRunning = false;

/** The settings of a story; whatever else there is stays. */
function settingsOf({ shape, remedies }: Story): Partial<Settings> {
  const { maxUpdate, ...others } = remedies;
  return { ...shape, ...others, maxUpdate: maxUpdate === Infinity ? null : maxUpdate };
}

const tell = (story: Story) => {
  controls.set(settingsOf(story));
};

const isTold = (story: Story) =>
  Object.entries(settingsOf(story)).every(
    ([name, value]) => controls.values[name as keyof Settings] === value,
  );

const storyButtons = STORY_NAMES.map((name) => {
  const button = element("button", STORIES[name].title);
  Object.assign(button, { id: `story-${name}`, type: "button", className: "button" });
  onPress(button, () => {
    tell(STORIES[name]);
  });
  return button;
});
byId("stories").append(...storyButtons);

function showStory(): void {
  const told = STORY_NAMES.find((name) => isTold(STORIES[name]));
  STORY_NAMES.forEach((name, index) => {
    storyButtons[index]!.setAttribute("aria-pressed", String(name === told));
  });
  setText(byId("story"), told ? STORIES[told].text : "A stream of your own.");
}

/** Asks for a run of the settings as they are; however many are changed at once, one run follows. */
function request(): void {
  showStory();
  isStale = true;
  if (isRunning || !device || shell.hasFailed()) return;
  isRunning = true;
  void runUntilFresh(device)
    .catch(shell.fail)
    .finally(() => {
      isRunning = false;
    });
}

async function runUntilFresh(device: GPUDevice): Promise<void> {
  while (isStale && !shell.hasFailed()) {
    // All changes of one event come before this.
    await Promise.resolve();
    isStale = false;
    await runOnce(device, controls.values);
  }
}

async function runOnce(device: GPUDevice, settings: Settings): Promise<void> {
  const rules = rulesOf(settings);
  let variants: Variant[];
  try {
    variants = variantsOf(rules);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    // Legal one by one, refused together: what is shown stays.
    controls.hint(`${error.message}.`);
    return;
  }
  controls.hint(HINT);
  shell.enter("running");
  progress.show("Stepping on your GPU", null);
  const stream = makeStream(shapeOf(settings));
  const gpu = await runOnGpu(device, stream.gradients, variants);
  const reference = runInFloat64(stream.gradients, variants);
  const averages = averagesOf(reference, rules.beta1, rules.beta2);
  const steps = effectiveSteps(gpu, rules.lr);
  charts.show({ stream, averages, trueRatio: trueRatio(stream), seenRatio: seenRatio(averages), steps });
  showSummary(steps);
  const { step, state } = differences(gpu, reference);
  setText(
    byId("check"),
    `GPU and float64 differ by at most ${step.toExponential(0)} of the largest step, and ${state.toExponential(0)} of a ` +
      "state’s largest value after the last step.",
  );
  progress.show("Done", 1, `${formatCount(settings.steps)} steps, ${variants.length} optimizers`);
  shell.enter("idle");
}

async function open(): Promise<void> {
  progress.show("Looking for a GPU", null);
  shell.problems(controls.problems);
  controls.hint(HINT);
  showSummary(new Map());
  showStory();
  device = await shell.openDevice();
  controls.setButtons("", false, true);
  request();
}

open().catch(shell.fail);
