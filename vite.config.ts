// One configuration for the demo (default), the library build (--mode lib) and the vitest projects.
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { HOME, PAGES } from "./demo/shared/pages.mjs";
import { webgpuLaunchOptions } from "./scripts/browser.mjs";
import { mobyDick } from "./scripts/moby-dick-plugin.mjs";
import { mnistFiles } from "./scripts/mnist-plugin.mjs";
import { sharedShell } from "./scripts/shell-plugin.mjs";
import { strippedWgsl } from "./scripts/wgsl-plugin.mjs";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Tests and demos import the package by its published names; here these resolve to the source.
const alias = [
  { find: /^webgpu-optim$/, replacement: at("./src/index.ts") },
  { find: /^webgpu-optim\/check$/, replacement: at("./src/check/index.ts") },
  { find: /^webgpu-optim\/conformance$/, replacement: at("./src/conformance/index.ts") },
  { find: /^webgpu-optim\/reference$/, replacement: at("./src/reference/index.ts") },
];

const library: ViteUserConfig = {
  plugins: [strippedWgsl()],
  build: {
    target: "es2022",
    minify: false,
    sourcemap: true,
    lib: {
      entry: {
        index: at("./src/index.ts"),
        reference: at("./src/reference/index.ts"),
        conformance: at("./src/conformance/index.ts"),
        check: at("./src/check/index.ts"),
      },
      formats: ["es"],
    },
    // Only the check of rules needs it, and its users install it.
    rolldownOptions: { external: [/^wgsl_reflect/] },
  },
};

const demo: ViteUserConfig = {
  base: "./",
  root: at("./demo"),
  plugins: [mnistFiles(), mobyDick(), sharedShell()],
  resolve: { alias },
  server: { fs: { allow: [at(".")] } },
  build: {
    target: "es2022",
    outDir: at("./dist-demo"),
    emptyOutDir: true,
    // train.html is for `npm run train` alone, which serves it from the source.
    rolldownOptions: {
      input: [HOME, ...PAGES.map(({ name }) => name)].map((name) => at(`./demo/${name}.html`)),
    },
  },
};

const tests = async (): Promise<ViteUserConfig> => ({
  resolve: { alias },
  test: {
    projects: [
      { extends: true, test: { name: "unit", environment: "node", include: ["test/unit/**/*.test.ts"] } },
      {
        extends: true,
        // Found late, a dependency would reload the tests on a machine that runs them for the first time.
        optimizeDeps: { include: ["fast-check"] },
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: await webgpuLaunchOptions() }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
      {
        extends: true,
        test: {
          name: "demo",
          environment: "node",
          include: ["test/demo/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          // Each file starts a browser and a server of its own.
          fileParallelism: false,
        },
      },
    ],
  },
});

export default defineConfig(({ mode }) => {
  if (process.env.VITEST && mode !== "demo") return tests();
  return mode === "lib" ? library : demo;
});
