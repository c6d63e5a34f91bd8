// Serves the demo on a free port of this machine, for programs that open it. It must not know who does.
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Starts a server.
 * @param {string} user names the folder of its cache: two servers that share one may disturb each other
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serveDemo(user) {
  const server = await createServer({
    configFile: at("../vite.config.ts"),
    mode: "demo",
    logLevel: "error",
    cacheDir: at(`../node_modules/.vite/${user}`),
    server: { host: "127.0.0.1", port: 0, hmr: false, watch: null },
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (!address || typeof address === "string") throw new Error("The server for the demo did not start.");
  return { url: `http://127.0.0.1:${address.port}`, close: () => server.close() };
}
