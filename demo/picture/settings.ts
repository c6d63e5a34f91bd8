// What a visitor can set. Must not touch the DOM.
import { oneRule } from "../shared/rules";
import { decimal, oneOf, seed, type Values, whole } from "../shared/settings";

const multiplier = (label: string) => decimal(label, 1, { above: 0, max: 100 });

export const SETTINGS = {
  left: { ...oneRule("adam"), label: "Left rule" },
  right: { ...oneRule("adabelief"), label: "Right rule" },
  size: oneOf(
    "Side in pixels",
    "128",
    (["64", "128", "256"] as const).map((value) => ({ value, label: value })),
  ),
  gaussians: whole("Gaussians", 1000, 1, 8192),
  steps: whole("Steps", 2000, 1, 100_000),
  seed: seed(),
  position: multiplier("Position lr"),
  scale: multiplier("Scale lr"),
  rotation: multiplier("Rotation lr"),
  color: multiplier("Colour lr"),
  opacity: multiplier("Opacity lr"),
  show: oneOf("Show", "picture", [
    { value: "picture", label: "Picture" },
    { value: "blobs", label: "Gaussians" },
    { value: "error", label: "Error" },
  ]),
};

export type PictureSettings = Values<typeof SETTINGS>;

/** What can change in mid-run; with anything else, the fit begins anew. */
export const LIVE = new Set<string>(["steps", "position", "scale", "rotation", "color", "opacity", "show"]);
