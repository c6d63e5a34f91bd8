// A browser and the demo's server for the tests of a file, and pages that remember what their consoles said.
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright";
import { webgpuLaunchOptions } from "../../scripts/browser.mjs";
import { serveDemo } from "../../scripts/serve-demo.mjs";

export type OpenOptions = BrowserContextOptions & {
  /** Runs in the page before its own scripts. */
  before?: () => void;
};

export class Demo {
  /** Warnings, errors and uncaught exceptions of all pages so far. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #server: Awaited<ReturnType<typeof serveDemo>>;

  private constructor(browser: Browser, server: Awaited<ReturnType<typeof serveDemo>>) {
    this.#browser = browser;
    this.#server = server;
  }

  /** @param flags of the browser, beside those for WebGPU */
  static async start(flags: readonly string[] = []): Promise<Demo> {
    const launchOptions = await webgpuLaunchOptions();
    launchOptions.args = [...(launchOptions.args ?? []), ...flags];
    const server = await serveDemo("demo-tests");
    return new Demo(await chromium.launch(launchOptions), server);
  }

  /** Opens a path of the demo in a page of its own; close it by `page.close()`. */
  async open(path: string, { before, ...options }: OpenOptions = {}): Promise<Page> {
    const page = await this.#newPage(options);
    if (before) await page.addInitScript(before);
    await page.goto(this.#server.url + path);
    return page;
  }

  /** Calls `run(input)` of a module, a file of this repository, in an empty page on the demo's server. */
  async runModule<Result>(path: string, input: unknown): Promise<Result> {
    const page = await this.#newPage();
    await page.route("**/blank", (route) =>
      route.fulfill({ contentType: "text/html", body: "<!doctype html>" }),
    );
    await page.goto(`${this.#server.url}/blank`);
    // As text, because the test runner rewrites import() in functions.
    const call = `import(${JSON.stringify(`/@fs${path}`)}).then((module) => module.run(${JSON.stringify(input)}))`;
    const result: Result = await page.evaluate(call);
    await page.close();
    return result;
  }

  async #newPage(options?: BrowserContextOptions): Promise<Page> {
    const page = await this.#browser.newPage(options);
    page.on("console", (message) => {
      if (["warning", "error"].includes(message.type())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    return page;
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
  }
}
