// No circular imports, imports point one way, entries only re-export, demos import the package as a user would.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseCircular } from "dpdm";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json";
import {
  exportedValues,
  filesIn,
  importTree,
  logicIn,
  readText,
  specifiersOf,
  wrongWay,
} from "../support/import-graph";

const tree = await importTree("src/**/*.ts");

describe("src", () => {
  it("is all in the tree that is checked", () => {
    const own = Object.keys(tree).filter((file) => file.startsWith("src/"));
    expect(own.sort()).toEqual(filesIn("src", /\.ts$/));
  });

  it("has no circular imports, type-only imports included", () => {
    expect(parseCircular(tree)).toEqual([]);
  });

  it("has imports that point one way: index → optimizer → gpu → errors, rules and reference apart", () => {
    expect(wrongWay(tree)).toEqual([]);
  });

  it("imports no package, and of shaders only texts", () => {
    const outside = Object.values(tree).flatMap((imports) =>
      (imports ?? []).filter(({ id }) => id === null).map(({ request }) => request),
    );
    expect(outside.filter((request) => !/^(\.\.\/)+shaders\/.+\.wgsl\?raw$/.test(request))).toEqual([]);
  });

  it.each(["src/index.ts", "src/reference/index.ts"])("%s holds named re-exports and no logic", (file) => {
    expect(logicIn(readText(file))).toEqual([]);
    expect(exportedValues(readText(file))).not.toEqual([]);
  });
});

describe("demo", () => {
  const entries = Object.keys(packageJson.exports).map((key) => key.replace(/^\./, packageJson.name));

  it("imports of this repository only itself and the package's entry points", () => {
    const files = [...filesIn("demo", /\.(ts|mjs|js|html)$/), ...filesIn("bench", /\.ts$/)];
    expect(files).not.toEqual([]);
    expect(files.flatMap((file) => foreign(file, readText(file), entries))).toEqual([]);
  });

  it.each([
    ["demo/a.ts", 'import { adam } from "../src/index";'],
    ["demo/x/a.ts", 'export const rule = await import("../../src/rules/adam");'],
    ["demo/a.ts", 'import { adam } from "webgpu-optim/src/rules/adam";'],
    ["demo/a.ts", 'import text from "../shaders/step.wgsl?raw";'],
    ["demo/a.html", '<script type="module" src="../src/index.ts"></script>'],
  ])("in %s would be found out with %s", (file, text) => {
    expect(foreign(file, text, entries)).toHaveLength(1);
  });
});

/** Imports of a demo's or the benchmark's file that reach beyond the two and the package's entries. */
function foreign(file: string, text: string, entries: readonly string[]): string[] {
  const specifiers = file.endsWith(".html")
    ? [...text.matchAll(/<script[^>]*\bsrc="([^"]+)"/g)].map(([, source]) => source!)
    : specifiersOf(text);
  return specifiers
    .filter((specifier) => {
      if (specifier.startsWith(".")) {
        return !/^((demo|bench)\/|package\.json$)/.test(path.posix.join(path.posix.dirname(file), specifier));
      }
      return /^webgpu-optim(\/|$)/.test(specifier) && !entries.includes(specifier);
    })
    .map((specifier) => `${file} imports ${specifier}`);
}

describe("these checks can fail", () => {
  it("on two modules that import each other, one by type only", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "webgpu-optim-imports-"));
    try {
      writeFileSync(path.join(folder, "a.ts"), 'import { b } from "./b";\nexport const a = b;\n');
      writeFileSync(
        path.join(folder, "b.ts"),
        'import type { a } from "./a";\nexport const b: typeof a = 1;\n',
      );
      const circles = parseCircular(await importTree("*.ts", folder));
      expect(circles.map((files) => [...files].sort())).toEqual([["a.ts", "b.ts"]]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ["src/rules/adam.ts", "src/gpu/usage.ts"],
    ["src/rules/adam.ts", "src/optimizer.ts"],
    ["src/gpu/unit.ts", "src/rule.ts"],
    ["src/gpu/unit.ts", "src/rules/adam.ts"],
    ["src/gpu/unit.ts", "src/reference/adam.ts"],
    ["src/gpu/unit.ts", "src/optimizer.ts"],
    ["src/reference/adam.ts", "src/rules/adam.ts"],
    ["src/reference/adam.ts", "src/options.ts"],
    ["src/reference/reference-optimizer.ts", "src/gpu/usage.ts"],
    ["src/reference/reference-optimizer.ts", "src/rules/adam.ts"],
    ["src/optimizer.ts", "src/rules/adam.ts"],
    ["src/optimizer.ts", "src/reference/reference-optimizer.ts"],
    ["src/state-dict.ts", "src/gpu/usage.ts"],
    ["src/options.ts", "fast-check"],
  ])("on %s importing %s", (file, target) => {
    const id = target.startsWith("src/") ? target : null;
    const broken = { [file]: [{ ...tree["src/index.ts"]![0]!, issuer: file, request: target, id }] };
    expect(wrongWay(broken)).toHaveLength(1);
  });

  it("on an entry with logic, an import or a star", () => {
    const texts = [
      "export const a = 1;",
      'import "./a";',
      'export * from "./a";',
      'export { a } from "./a";',
    ];
    expect(logicIn(texts.join("\n"))).toEqual(texts.slice(0, 3));
  });
});
