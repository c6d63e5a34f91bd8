// The colours of the page's style, for canvases and the GPU. Must not know what is drawn.

/** The value of a custom property of the page, which follows light and dark. */
export function cssColor(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}

/** A custom property that is `#rrggbb`, as three numbers from 0 to 1 (not linear: as canvases take them). */
export function rgbColor(property: string): [number, number, number] {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(cssColor(property));
  if (!hex) throw new Error(`The style's ${property} is no colour of the form #rrggbb`);
  const part = (index: number) => parseInt(hex[index]!, 16) / 255;
  return [part(1), part(2), part(3)];
}

/** Calls back whenever the page changes between light and dark. */
export function onSchemeChange(callback: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
}
