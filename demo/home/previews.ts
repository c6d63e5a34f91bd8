// Which demos have a live preview: a demo joins by a line here.
import type { PreviewModule } from "./preview";

/** By the name of the page; a page without one shows its picture. */
export const PREVIEWS: Readonly<Record<string, () => Promise<PreviewModule>>> = {
  landscapes: () => import("./landscapes-preview"),
  belief: () => import("./belief-preview"),
  digits: () => import("./digits-preview"),
  language: () => import("./language-preview"),
  gan: () => import("./gan-preview"),
  picture: () => import("./picture-preview"),
  conformance: () => import("./conformance-preview"),
  benchmark: () => import("./benchmark-preview"),
};
