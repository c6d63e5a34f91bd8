// Who imports whom in src, and the direction that imports may take (DESIGN.md, section 3).
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseDependencyTree, type DependencyTree } from "dpdm";
import ts from "typescript";

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Paths of files under a folder of the repository, with forward slashes, from the root. */
export function filesIn(folder: string, extension: RegExp): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((file) => `${folder}/${file.replaceAll(path.sep, "/")}`)
    .filter((file) => extension.test(file) && !file.includes("/node_modules/"))
    .sort();
}

/** Every import under a folder, type-only ones too. @param context what the tree's paths are relative to */
export function importTree(pattern: string, context = ROOT): Promise<DependencyTree> {
  return parseDependencyTree(pattern, { cwd: context, context, transform: false });
}

/** The modules that a text imports or re-exports, dynamic imports too, as they are written. */
export function specifiersOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

type Layer = { of: RegExp; may: RegExp; why: string };

/** Modules that the optimizer, the reference and the rules share: all at the top of src but the classes. */
const SHARED = String.raw`(?!index|optimizer|arena)[a-z-]+\.ts$`;
/** Those of them that gpu may know too: they import nothing, or only errors. */
const LEAVES = String.raw`(errors|range-index)\.ts$`;

/** What each part of src may import; the first that matches a file counts. */
const LAYERS: Layer[] = [
  { of: /^src\/index\.ts$/, may: /^src\//, why: "the public surface re-exports anything" },
  { of: new RegExp(`^src/${LEAVES}`), may: /^src\/errors\.ts$/, why: "leaves import nothing but errors" },
  {
    of: /^src\/gpu\//,
    may: new RegExp(`^(src/gpu/|src/${LEAVES}|shaders/[^/]+\\.wgsl$)`),
    why: "gpu knows no rule, no options and no optimizer",
  },
  {
    of: /^src\/rules\//,
    may: new RegExp(`^(src/rules/|src/${SHARED}|src/reference/[a-z]+\\.ts$|shaders/rules/)`),
    why: "rules know no GPU and no optimizer",
  },
  { of: /^src\/reference\/index\.ts$/, may: /^src\/reference\//, why: "the entry re-exports its own" },
  {
    of: /^src\/reference\/reference-optimizer\.ts$/,
    may: new RegExp(`^src/(reference/(gradient-handling|step-watch)\\.ts$|${SHARED})`),
    why: "the reference optimizer knows neither rules nor GPU",
  },
  {
    of: /^src\/reference\//,
    may: /^src\/reference\/element\.ts$/,
    why: "an oracle depends on nothing it judges",
  },
  { of: /^src\/conformance\//, may: /^src\//, why: "conformance may use everything" },
  {
    of: /^src\/check\//,
    may: /^(src\/(check\/|rule\.ts|gpu\/pipelines\.ts)|(.*node_modules\/)?wgsl_reflect)/,
    why: "the check reads a rule and the text of its kernel",
  },
  {
    of: /^src\/(controlled-steps|scalar-table)\.ts$/,
    may: new RegExp(`^src/(gpu/gradient-control\\.ts$|${SHARED})`),
    why: "they stand between the param groups and the control of gradients",
  },
  {
    of: /^src\/(optimizer|arena)\.ts$/,
    may: new RegExp(`^src/(gpu/|${SHARED})`),
    why: "the optimizer knows rules by their type only, and neither the reference nor conformance",
  },
  { of: /^src\/[^/]+\.ts$/, may: new RegExp(`^src/${SHARED}`), why: "shared modules import their like" },
];

/** Imports that go the wrong way. */
export function wrongWay(tree: DependencyTree): string[] {
  return Object.entries(tree).flatMap(([file, imports]) =>
    (imports ?? []).flatMap(({ request, id }) => {
      const layer = LAYERS.find(({ of }) => of.test(file));
      if (!layer) return [`${file} belongs to no layer`];
      const target = id ?? resolved(file, request);
      return layer.may.test(target) ? [] : [`${file} imports ${target}: ${layer.why}`];
    }),
  );
}

/** What dpdm does not resolve: shaders, as paths from the root, and packages, by their names. */
function resolved(file: string, request: string): string {
  if (!request.startsWith(".")) return request;
  return path.posix.join(path.posix.dirname(file), request.replace(/\?raw$/, ""));
}

/** Statements of a module that are more than a named re-export, as text. */
export function logicIn(text: string): string[] {
  const source = ts.createSourceFile("index.ts", text, ts.ScriptTarget.ESNext);
  return source.statements
    .filter(
      (statement) =>
        !ts.isExportDeclaration(statement) ||
        !statement.moduleSpecifier ||
        !statement.exportClause ||
        !ts.isNamedExports(statement.exportClause),
    )
    .map((statement) => statement.getText(source));
}

/** Names that a module re-exports as values (not as types). */
export function exportedValues(text: string): string[] {
  const source = ts.createSourceFile("index.ts", text, ts.ScriptTarget.ESNext);
  return source.statements
    .filter(ts.isExportDeclaration)
    .flatMap(({ isTypeOnly, exportClause }) =>
      isTypeOnly || !exportClause || !ts.isNamedExports(exportClause) ? [] : [...exportClause.elements],
    )
    .filter(({ isTypeOnly }) => !isTypeOnly)
    .map(({ name }) => name.text)
    .sort();
}

export const readText = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
