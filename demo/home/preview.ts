// What a live preview on the front page is, and which demos have one: a demo joins by a line below. Must not know how a
// preview works.

export interface Preview {
  /** Moves on by a frame and draws. The front page calls it again when it has ended, while the preview is in view. */
  frame(): Promise<void>;
}

/** A module with a preview; it draws into `canvas`, whose size it leaves as it is. */
export type PreviewModule = {
  openPreview(device: GPUDevice, canvas: HTMLCanvasElement): Promise<Preview>;
};

/** By the name of the page; a page without one shows its picture. */
export const PREVIEWS: Readonly<Record<string, () => Promise<PreviewModule>>> = {
  landscapes: () => import("./landscapes-preview"),
  belief: () => import("./belief-preview"),
};
