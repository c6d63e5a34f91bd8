// The package as a user gets it: built into a temporary folder's node_modules, and bundled, type-checked or run there.
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import ts from "typescript";
import { rolldown } from "rolldown";
import { ROOT } from "./import-graph";

const run = promisify(execFile);

/** A user's project that has the built package installed. */
export class BuiltPackage {
  private constructor(readonly folder: string) {}

  /** Builds as `npm run build` does. */
  static async create(): Promise<BuiltPackage> {
    const built = new BuiltPackage(mkdtempSync(path.join(realpathSync(tmpdir()), "webgpu-optim-package-")));
    try {
      await built.#build();
      return built;
    } catch (error) {
      built.remove();
      throw error;
    }
  }

  async #build(): Promise<void> {
    const installed = path.join(this.folder, "node_modules/webgpu-optim");
    const dist = path.join(installed, "dist");
    mkdirSync(installed, { recursive: true });
    cpSync(path.join(ROOT, "package.json"), path.join(installed, "package.json"));
    symlinkSync(path.join(ROOT, "node_modules/@webgpu"), path.join(this.folder, "node_modules/@webgpu"));
    writeFileSync(path.join(this.folder, "package.json"), '{ "type": "module" }');
    // Vitest's own variable makes vite.config.ts describe the tests.
    const options = { cwd: ROOT, env: { ...process.env, VITEST: undefined } };
    const bin = (file: string) => path.join(ROOT, "node_modules", file);
    await Promise.all([
      run(process.execPath, [bin("vite/bin/vite.js"), "build", "--mode", "lib", "--outDir", dist], options),
      run(
        process.execPath,
        [bin("typescript/bin/tsc"), "-p", "tsconfig.build.json", "--outDir", dist],
        options,
      ),
    ]);
  }

  /** Whether a path of the package exists. */
  has(file: string): boolean {
    return existsSync(path.join(this.folder, "node_modules/webgpu-optim", file));
  }

  /** What a module prints in plain node. */
  async print(code: string): Promise<string> {
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code], {
      cwd: this.folder,
    });
    return stdout.trim();
  }

  /**
   * Minified code of a module and all it needs, as an application's bundler would ship it.
   * @returns all of it, the bytes that the page loads at once, and those of each part that it loads when it is asked for
   */
  async bundle(
    code: string,
  ): Promise<{ code: string; gzipBytes: number; laterBytes: Record<string, number> }> {
    const entry = path.join(this.folder, "entry.js");
    writeFileSync(entry, code);
    const bundle = await rolldown({ input: entry, cwd: this.folder });
    const { output } = await bundle.generate({ format: "esm", minify: true });
    await bundle.close();
    const chunks = output.flatMap((chunk) => (chunk.type === "chunk" ? [chunk] : []));
    const bytesOf = (text: string) => gzipSync(text, { level: 9 }).byteLength;
    const atOnce = chunks.filter((chunk) => !chunk.isDynamicEntry);
    const later = chunks.filter((chunk) => chunk.isDynamicEntry);
    return {
      code: chunks.map((chunk) => chunk.code).join(""),
      gzipBytes: atOnce.reduce((bytes, chunk) => bytes + bytesOf(chunk.code), 0),
      // Built as src/gpu/pairs.ts, bundled as pairs-<hash>-<hash>.
      laterBytes: Object.fromEntries(
        later.map(({ name, code: part }) => [/^[a-z]+(-[a-z]+)?(?=-|$)/.exec(name)![0], bytesOf(part)]),
      ),
    };
  }

  /** Messages of a strict compiler that resolves modules in a way, and the types that each entry exports as values. */
  compile(code: string, moduleResolution: "Bundler" | "NodeNext") {
    const file = path.join(this.folder, "consumer.ts");
    writeFileSync(file, code);
    const bundler = moduleResolution === "Bundler";
    const program = ts.createProgram([file], {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: bundler ? ts.ModuleKind.ESNext : ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind[moduleResolution],
      types: ["@webgpu/types"],
      typeRoots: [path.join(this.folder, "node_modules")],
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
    });
    // The user's program and the package's declarations; the platform's own are not ours to judge.
    const judged = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(this.folder));
    const messages = [
      ...program.getOptionsDiagnostics(),
      ...judged.flatMap((source) => [
        ...program.getSyntacticDiagnostics(source),
        ...program.getSemanticDiagnostics(source),
      ]),
    ].map(({ file: of, messageText }) => {
      const where = of ? path.relative(this.folder, of.fileName) : "";
      return `${where}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });
    const checker = program.getTypeChecker();
    const valuesOf = (declarations: string): string[] => {
      const source = program.getSourceFile(
        path.join(this.folder, "node_modules/webgpu-optim/dist", declarations),
      );
      const symbol = source && checker.getSymbolAtLocation(source);
      const exported = symbol ? checker.getExportsOfModule(symbol) : [];
      return exported
        .map((each) => (each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each))
        .filter(({ flags }) => flags & ts.SymbolFlags.Value)
        .map(({ name }) => name)
        .sort();
    };
    return { messages, valuesOf };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
