// What users get: the package's description, its files, and the built package in node, in a compiler and in a bundler.
import { existsSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import packageJson from "../../package.json";
import { registry } from "../../src/rules/registry";
import { BuiltPackage } from "../support/built-package";
import { exportedValues, filesIn, readText, ROOT } from "../support/import-graph";

/** What exists only in browsers, or only with WebGPU: importing the package must not touch any of it. */
const BROWSER_GLOBALS = [
  ...["navigator", "window", "document", "self", "GPU", "GPUAdapter", "GPUBuffer", "GPUDevice", "GPUMapMode"],
  ...["GPUBufferUsage", "GPUShaderStage", "GPUOutOfMemoryError", "GPUValidationError", "GPUPipelineError"],
];

describe("package.json", () => {
  it("is an ES module without side effects or dependencies, MIT", () => {
    expect(packageJson).toMatchObject({
      name: "webgpu-optim",
      type: "module",
      sideEffects: false,
      license: "MIT",
    });
    for (const kind of ["dependencies", "optionalDependencies", "bundleDependencies"]) {
      expect(packageJson).not.toHaveProperty(kind);
    }
    // Only `webgpu-optim/check` needs it, and whoever imports that installs it.
    expect(packageJson).toMatchObject({
      peerDependencies: { wgsl_reflect: expect.any(String) as string },
      peerDependenciesMeta: { wgsl_reflect: { optional: true } },
    });
  });

  it.each([".", "./check", "./conformance", "./reference"] as const)(
    "exports %s with types first",
    (entry) => {
      const conditions = packageJson.exports[entry];
      expect(Object.keys(conditions)).toEqual(["types", "import"]);
      expect(conditions.types).toMatch(/^\.\/dist\/.*\.d\.ts$/);
      expect(conditions.import).toMatch(/^\.\/dist\/.*\.js$/);
    },
  );

  it.each(packageJson.files.filter((file) => file !== "dist"))("lists %s, which exists", (file) => {
    expect(existsSync(path.join(ROOT, file))).toBe(true);
  });
});

describe("the registry", () => {
  const names = Object.keys(registry).sort();
  const baseNames = (folder: string, extension: RegExp, except: string[]) =>
    filesIn(folder, extension)
      .map((file) => path.posix.basename(file).replace(extension, ""))
      .filter((name) => !except.includes(name));

  it.each(Object.entries(registry))("calls %s as the rule calls itself", (name, make) => {
    expect(make().name).toBe(name);
  });

  it.each(names)("%s has its shader, its rule, its reference and its place in the public surface", (name) => {
    for (const file of [`shaders/rules/${name}.wgsl`, `src/rules/${name}.ts`, `src/reference/${name}.ts`]) {
      expect(existsSync(path.join(ROOT, file)), file).toBe(true);
    }
    expect(exportedValues(readText("src/index.ts"))).toContain(name);
  });

  it("has every rule that there is a file for", () => {
    expect(baseNames("src/rules", /\.ts$/, ["registry"])).toEqual(names);
    expect(
      baseNames("src/reference", /\.ts$/, [
        "index",
        "element",
        "gradient-handling",
        "reference-optimizer",
        "step-watch",
      ]),
    ).toEqual(names);
  });

  it("has a rule for every shader, which uses it: its own, or a variant named after it", () => {
    const shaders = baseNames("shaders/rules", /\.wgsl$/, []);
    for (const shader of shaders) {
      const owner = names.find((name) => shader === name || shader.startsWith(`${name}-`));
      expect(owner, shader).toBeDefined();
      expect(readText(`src/rules/${owner}.ts`)).toContain(`shaders/rules/${shader}.wgsl?raw`);
    }
  });

  it("is the only list of rules: the public surface does not import it", () => {
    expect(readText("src/index.ts")).not.toContain("registry");
  });
});

describe("the source in node", () => {
  it("touches no WebGPU or browser global when it is imported and rules are made", async () => {
    const touched: string[] = [];
    const before = BROWSER_GLOBALS.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
    for (const name of BROWSER_GLOBALS) {
      const get = () => {
        touched.push(name);
        throw new Error(`${name} was touched`);
      };
      Object.defineProperty(globalThis, name, { configurable: true, get });
    }
    try {
      vi.resetModules();
      const index = await import("../../src/index");
      const reference = await import("../../src/reference/index");
      const { registry: rules } = await import("../../src/rules/registry");
      for (const make of Object.values(rules)) make();
      expect(index.Optimizer).toBeTypeOf("function");
      expect(reference.ReferenceOptimizer).toBeTypeOf("function");
    } finally {
      BROWSER_GLOBALS.forEach((name, i) => {
        if (before[i]) Object.defineProperty(globalThis, name, before[i]);
        else Reflect.deleteProperty(globalThis, name);
      });
    }
    expect(touched).toEqual([]);
  });
});

describe("the built package", () => {
  let built: BuiltPackage;
  beforeAll(async () => {
    built = await BuiltPackage.create();
    return () => {
      built.remove();
    };
  }, 60_000);

  it("has the files that package.json exports", () => {
    const { "./package.json": own, ...entries } = packageJson.exports;
    const files = [own, ...Object.values(entries).flatMap((conditions) => Object.values(conditions))];
    expect(files.filter((file) => !built.has(file))).toEqual([]);
  });

  it("imports in plain node without touching a browser global, and steps the reference", async () => {
    const printed = await built.print(`
      for (const name of ${JSON.stringify(BROWSER_GLOBALS)}) {
        Object.defineProperty(globalThis, name, { get() { throw new Error(name + " was touched"); } });
      }
      const index = await import("webgpu-optim");
      const { ReferenceOptimizer } = await import("webgpu-optim/reference");
      const param = Float64Array.of(1);
      new ReferenceOptimizer([{ param, grad: Float64Array.of(1) }], index.adabelief({ lr: 0.9 })).step();
      console.log(JSON.stringify([Object.keys(index).sort(), Math.round(param[0] * 1e6) / 1e6]));
    `);
    expect(JSON.parse(printed)).toEqual([exportedValues(readText("src/index.ts")), 0]);
  });

  it("shares one set of error classes between its entries", async () => {
    const printed = await built.print(`
      import { adam, ParameterError } from "webgpu-optim";
      import { ReferenceOptimizer } from "webgpu-optim/reference";
      try {
        new ReferenceOptimizer([], adam());
      } catch (error) {
        console.log(error instanceof ParameterError);
      }
    `);
    expect(printed).toBe("true");
  });

  const consumer = `
    import { adabelief, adam, Optimizer, ParameterArena, type StateDict, type UpdateRule } from "webgpu-optim";
    import { ReferenceOptimizer } from "webgpu-optim/reference";

    export async function train(device: GPUDevice, param: GPUBuffer, grad: GPUBuffer): Promise<StateDict> {
      const arena = new ParameterArena(device, { weight: [2, 3] });
      const optimizer = await Optimizer.create(
        device,
        [{ params: [{ name: "w", param, grad }], weightDecay: 0.1 }, { params: arena.parameters, frozen: true }],
        adabelief({ lr: (step) => 1 / (1 + step) }),
      );
      optimizer.step({ gradScale: 0.5 });
      optimizer.paramGroups[0]!.lr = 3e-4;
      // @ts-expect-error adabelief has no momentum
      await optimizer.addParamGroup({ params: [{ param, grad }], momentum: 1 });
      return optimizer.stateDict();
    }
    export const reference = new ReferenceOptimizer(
      [{ param: new Float32Array(1), grad: new Float64Array(1) }],
      adam({ betas: [0.9, 0.99] }),
    );
    // @ts-expect-error lr is a number or a schedule
    adam({ lr: "1e-3" });
    // @ts-expect-error misspelt
    adam({ weight_decay: 1 });
    export const step: number = reference.paramGroups[0]!.step;
    export const own: UpdateRule<{ lr: number }> | undefined = undefined;
  `;

  it.each(["Bundler", "NodeNext"] as const)(
    "type-checks a strict user's program under moduleResolution %s, and declares the values that it exports",
    (moduleResolution) => {
      const { messages, valuesOf } = built.compile(consumer, moduleResolution);
      expect(messages).toEqual([]);
      expect(valuesOf("index.d.ts")).toEqual(exportedValues(readText("src/index.ts")));
      expect(valuesOf("reference/index.d.ts")).toEqual(exportedValues(readText("src/reference/index.ts")));
    },
    30_000,
  );

  it.each(Object.keys(registry))(
    "bundles Optimizer and %s in less than 15.7 kB, without the other rules and the reference optimizer",
    async (name) => {
      const { code, gzipBytes, laterBytes } = await built.bundle(
        `import { Optimizer, ${name} } from "webgpu-optim";\nglobalThis.used = [Optimizer, ${name}];\n`,
      );
      console.log(
        `webgpu-optim: Optimizer and ${name}, minified and gzipped: ${gzipBytes} bytes; ` +
          `loaded by those that need them: ${JSON.stringify(laterBytes)}`,
      );
      // A rule names itself in a string, AdaBelief's WGSL alone has a deviationWeight.
      const names = Object.keys(registry).filter((each) => new RegExp(`["'\`]${each}["'\`]`).test(code));
      expect(names).toEqual([name]);
      expect(code.includes("deviationWeight: f32")).toBe(name === "adabelief");
      expect(code).not.toContain("ReferenceOptimizer");
      expect(gzipBytes).toBeLessThan(15_700);
      expect(Object.keys(laterBytes).sort()).toEqual(["controlled-steps", "pairs"]);
      expect(laterBytes["controlled-steps"]).toBeLessThan(8_000);
      expect(laterBytes.pairs).toBeLessThan(1_200);
    },
    30_000,
  );
});
