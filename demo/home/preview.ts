// What a live preview on the front page is. Must not know how one works, nor which demos have one.

export interface Preview {
  /** Moves on by a frame and draws. The front page calls it again when it has ended, while the preview is in view. */
  frame: () => Promise<void>;
}

/** A module with a preview; it draws into `canvas`, whose size it leaves as it is. */
export type PreviewModule = {
  openPreview(device: GPUDevice, canvas: HTMLCanvasElement): Promise<Preview>;
};
