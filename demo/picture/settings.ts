// What a visitor can set. Must not touch the DOM.
import { oneRule } from "../shared/rules";
import { decimal, half, more, oneOf, seed, type Values, whole } from "../shared/settings";

/** A learning rate as a multiple of what suits each rule. */
const multiplier = (label: string) => half(decimal(`${label} lr ×`, 1, { above: 0, max: 100 }));

export const SETTINGS = {
  left: half({ ...oneRule("adam"), label: "Left rule" }),
  right: half({ ...oneRule("adabelief"), label: "Right rule" }),
  gaussians: half(whole("Gaussians", 1000, 1, 8192)),
  steps: half(whole("Steps", 2000, 1, 100_000)),
  show: oneOf("Show", "picture", [
    { value: "picture", label: "Picture" },
    { value: "blobs", label: "Gaussians" },
    { value: "error", label: "Error" },
  ]),
  ...more({
    size: oneOf("Side in pixels", "128", [
      { value: "64", label: "64" },
      { value: "128", label: "128" },
      { value: "256", label: "256" },
    ]),
    position: multiplier("Position"),
    scale: multiplier("Scale"),
    rotation: multiplier("Rotation"),
    color: multiplier("Colour"),
    opacity: multiplier("Opacity"),
    seed: half(seed()),
  }),
};

export type PictureSettings = Values<typeof SETTINGS>;

/** What can change in mid-run; with anything else, the fit begins anew. */
export const LIVE = new Set<string>(["steps", "position", "scale", "rotation", "color", "opacity", "show"]);
