// Vite plugin of the library build: WGSL goes into the bundle without comments and indentation, which a compiler does
// not need and a user's page would download.
import { readFile } from "node:fs/promises";

/**
 * WGSL text without what only readers need. Lines stay lines, so that messages of the compiler name one.
 * @param {string} text with line comments only
 */
export function stripWgsl(text) {
  return text
    .split("\n")
    .map((line) => line.replace(/\/\/.*$/, "").trim())
    .filter((line) => line !== "")
    .join("\n");
}

/** @returns {import("vite").Plugin} */
export function strippedWgsl() {
  return {
    name: "stripped-wgsl",
    enforce: "pre",
    async load(id) {
      if (!id.endsWith(".wgsl?raw")) return undefined;
      const text = await readFile(id.slice(0, -"?raw".length), "utf8");
      return `export default ${JSON.stringify(stripWgsl(text))};`;
    },
  };
}
