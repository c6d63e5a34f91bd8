// How close a picture is to another, in dB. Must not know who shows it.

/** Shown for pictures that are the same to the last bit of a float. */
const BEST_PSNR = 99;

/** 10·log10(1 / mean squared error), in dB; null when the error is not one, and negative says so too. */
export const psnrOf = (error: number): number | null =>
  Number.isFinite(error) && error >= 0 ? Math.min(BEST_PSNR, -10 * Math.log10(error)) : null;
