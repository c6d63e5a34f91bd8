// The kernels that clip, skip, count and watch, and their part of the step kernel. Apart from pipelines.ts, so that a page
// whose optimizers do none of it does not load them.
import clampGradientWgsl from "../../shaders/clamp-gradient.wgsl?raw";
import clampNothingWgsl from "../../shaders/clamp-nothing.wgsl?raw";
import controlWgsl from "../../shaders/control.wgsl?raw";
import decideWgsl from "../../shaders/decide.wgsl?raw";
import controlledGradientWgsl from "../../shaders/gradient-controlled.wgsl?raw";
import measureWgsl from "../../shaders/measure.wgsl?raw";
import summarizeWgsl from "../../shaders/summarize.wgsl?raw";
import watchNoStepsWgsl from "../../shaders/watch-no-steps.wgsl?raw";
import watchNothingWgsl from "../../shaders/watch-nothing.wgsl?raw";
import watchStepsWgsl from "../../shaders/watch-steps.wgsl?raw";
import watchUpdatesWgsl from "../../shaders/watch-updates.wgsl?raw";
import watchedWgsl from "../../shaders/watched.wgsl?raw";
import { BINDINGS, entry, type Program, type StepHandling } from "./pipelines.js";

/** What is noted of a step: nothing, the updates, or the rule's effective steps too. */
export type Watch = "nothing" | "updates" | "steps";

const clampWgsl = (clamps: boolean) => (clamps ? clampGradientWgsl : clampNothingWgsl);

/** The part of a controlled step kernel. @param clamps whether gradients are clamped to a largest magnitude */
export function controlledHandling(watch: Watch, clamps: boolean): StepHandling {
  const control = entry(BINDINGS.control, { type: "uniform" });
  const modules = [controlWgsl, clampWgsl(clamps), controlledGradientWgsl];
  if (watch === "nothing") return { modules: [...modules, watchNothingWgsl], entries: [control] };
  const watched = entry(BINDINGS.watched, { type: "storage" });
  modules.push(watchedWgsl, watchUpdatesWgsl);
  if (watch === "updates") return { modules: [...modules, watchNoStepsWgsl], entries: [control, watched] };
  const histograms = entry(BINDINGS.histograms, { type: "storage" });
  return { modules: [...modules, watchStepsWgsl], entries: [control, watched, histograms] };
}

/** The kernel that sums squares; its bindings in order: record, segments, gradBits, partials. */
export const measureProgram = (clamps: boolean): Program => ({
  code: [controlWgsl, clampWgsl(clamps), measureWgsl].join("\n"),
  entryPoint: "measure",
  entries: [
    entry(0, { type: "read-only-storage", hasDynamicOffset: true }),
    entry(1, { type: "read-only-storage" }),
    entry(2, { type: "read-only-storage" }),
    entry(3, { type: "storage" }),
  ],
});

/** The kernel that decides a step; its bindings in order: record, partials, tables, counts, resolved. */
export const decideProgram = (): Program => ({
  code: [controlWgsl, decideWgsl].join("\n"),
  entryPoint: "decide",
  entries: [
    entry(0, { type: "read-only-storage", hasDynamicOffset: true }),
    entry(1, { type: "read-only-storage" }),
    entry(2, { type: "read-only-storage" }),
    entry(3, { type: "storage" }),
    entry(4, { type: "storage" }),
  ],
});

/** The kernel that sums up tensors; its bindings in order: tensors, partials, watched, histograms, summaries. */
export const summarizeProgram = (): Program => ({
  code: [controlWgsl, watchedWgsl, summarizeWgsl].join("\n"),
  entryPoint: "summarize",
  entries: [
    entry(0, { type: "read-only-storage" }),
    entry(1, { type: "read-only-storage" }),
    entry(2, { type: "read-only-storage" }),
    entry(3, { type: "read-only-storage" }),
    entry(4, { type: "storage" }),
  ],
});
