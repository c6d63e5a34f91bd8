// The frame around a demo: adapter name, notices, the state of the page, and what happens when something fails. The markup
// is written by scripts/shell-plugin.mjs. Must not know any demo.
import { adapterName, causeOf, openDevice, WebGpuMissingError } from "./device";
import { byId, setText } from "./dom";

export class Shell {
  readonly #onFail: (error: Error) => void;
  #device: GPUDevice | undefined;
  #hasFailed = false;

  /** @param onFail stops the demo and shows what is left; called once, after the state is "failed" */
  constructor(onFail: (error: Error) => void = () => undefined) {
    this.#onFail = onFail;
    byId("reload").addEventListener("click", () => {
      location.reload();
    });
    this.enter("opening");
  }

  /** A method, because the answer may change during an await. */
  hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The state that styles and tests see; it stays "failed" once it is. */
  enter(state: string): void {
    document.body.dataset.state = this.#hasFailed ? "failed" : state;
  }

  /** Opens the GPU, names it in the masthead, and fails the page when the GPU is lost or complains. */
  async openDevice(open: () => Promise<GPUDevice> = openDevice): Promise<GPUDevice> {
    const device = await open();
    this.#device = device;
    setText(byId("adapter"), adapterName(device.adapterInfo));
    byId("adapter").title = adapterName(device.adapterInfo);
    void device.lost.then(this.fail);
    device.addEventListener("uncapturederror", ({ error }) => {
      void this.fail(new Error(`The GPU reported an error: ${error.message}`));
    });
    return device;
  }

  /** Shows a notice, with a button to reload the page where that helps; null takes it away. */
  notice(text: string | null, offersReload = false): void {
    byId("notice").hidden = text === null;
    byId("reload").hidden = !offersReload;
    setText(byId("notice-text"), text ?? "");
  }

  /** Says what was wrong in the address, where something was. */
  problems(problems: readonly string[]): void {
    if (problems.length > 0) this.notice(`${problems.join(". ")}. The default is used instead.`);
  }

  /** Ends the demo with a message. The first failure says most: what follows from it is noise. */
  readonly fail = async (thrown: unknown): Promise<void> => {
    const error = await causeOf(thrown, this.#device);
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.enter("failed");
    const canReload = !(error instanceof WebGpuMissingError);
    this.notice(
      canReload ? `${error.message.replace(/\.?$/, ".")} Reload the page to start again.` : error.message,
      canReload,
    );
    this.#onFail(error);
  };
}
