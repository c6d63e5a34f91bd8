// The form: what the user picks, with messages for what cannot be. Must not know what training does with it.
import { byId, onPress, setEnabled, setText } from "../shared/dom";
import { formatCount } from "../shared/format";
import { parseOptions, type RunOptions } from "./options.mjs";

const BATCH_SIZES = [32, 64, 128, 256];
const CLIP_NORMS = [0.25, 0.5, 1, 2];

/** How the form names the options in its messages. */
const LABELS: Record<keyof RunOptions, string> = {
  model: "Model",
  rule: "Update rule",
  lr: "Learning rate",
  batch: "Batch size",
  epochs: "Epochs",
  limit: "Number of images",
  seed: "Seed",
  clip: "Clip at norm",
  skip: "Skip bad batches",
  watch: "Watch each step",
};

/** What takes effect after a reset. */
const LATER = ["model", "rule", "batch", "clip", "skip", "watch"] as const;

export type ControlEvents = {
  onToggle: () => void;
  onReset: () => void;
  /** A legal learning rate was entered. */
  onLearningRate: (lr: number) => void;
};

export class Controls {
  readonly #form = byId("controls", HTMLFormElement);
  readonly #lr = byId("lr", HTMLInputElement);
  readonly #lrHint = byId("lr-hint");
  readonly #batch = byId("batch", HTMLSelectElement);
  readonly #clip = byId("clip", HTMLSelectElement);
  readonly #switches = { skip: byId("skip", HTMLInputElement), watch: byId("watch", HTMLInputElement) };
  readonly #hint = byId("controls-hint");
  readonly #toggle = byId("toggle", HTMLButtonElement);
  readonly #reset = byId("reset", HTMLButtonElement);
  /** The options that the page was opened with; the form shows, and changes, only some. */
  readonly initial: RunOptions;
  #running: RunOptions | null = null;

  /** Fills the form from the address (`?rule=adam&lr=0.01`); `problems` says what was wrong there. */
  constructor(search: string, events: ControlEvents, problems: (messages: string[]) => void) {
    const parsed = parseOptions(Object.fromEntries(new URLSearchParams(search)), (name) => LABELS[name]);
    this.initial = parsed.options;
    if (parsed.problems.length > 0) problems(parsed.problems);
    const sizes = [...new Set([...BATCH_SIZES, parsed.options.batch])].sort((a, b) => a - b);
    this.#batch.replaceChildren(...sizes.map((size) => new Option(String(size))));
    const { clip } = parsed.options;
    const norms = [...new Set([...CLIP_NORMS, ...(clip === "off" ? [] : [clip])])].sort((a, b) => a - b);
    this.#clip.replaceChildren(new Option("Off", "off"), ...norms.map((norm) => new Option(String(norm))));
    this.#clip.value = String(clip);
    for (const name of ["skip", "watch"] as const)
      this.#switches[name].checked = parsed.options[name] === "on";
    this.#setRadio("model", parsed.options.model);
    this.#setRadio("rule", parsed.options.rule);
    this.#batch.value = String(parsed.options.batch);
    this.#lr.value = String(parsed.options.lr);
    this.#showLearningRate();
    this.#showPending();

    onPress(this.#toggle, events.onToggle);
    onPress(this.#reset, events.onReset);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#learningRateChanged(events);
    });
    this.#form.addEventListener("change", () => {
      this.#showPending();
    });
    this.#lr.addEventListener("change", () => {
      this.#learningRateChanged(events);
    });
    onPress(byId("lr-halve", HTMLButtonElement), () => {
      this.#scaleLearningRate(1 / 2, events);
    });
    onPress(byId("lr-double", HTMLButtonElement), () => {
      this.#scaleLearningRate(2, events);
    });
  }

  /** What the form says, or null after showing the message for what is wrong. */
  read(): RunOptions | null {
    const { options, problems } = this.#parse();
    this.#showLearningRate();
    if (problems.length === 0) return options;
    if (this.#lr.getAttribute("aria-invalid") === "true") this.#lr.focus();
    else setText(this.#hint, problems.join(" "));
    return null;
  }

  /** Labels and enables the buttons. */
  setButtons(toggle: string, canToggle: boolean, canReset: boolean): void {
    setText(this.#toggle, toggle);
    setEnabled(this.#toggle, canToggle);
    setEnabled(this.#reset, canReset);
  }

  /** The options of the run under way, which those of the form may differ from; null when there is none. */
  setRunning(options: RunOptions | null): void {
    this.#running = options;
    this.#showPending();
  }

  #parse() {
    const data = new FormData(this.#form);
    const text = (name: string) => data.get(name) as string;
    const named = { model: text("model"), rule: text("rule"), lr: text("lr"), batch: text("batch") };
    const { skip, watch } = this.#switches;
    const isOn = (input: HTMLInputElement) => (input.checked ? "on" : "off");
    const shown = { ...named, clip: text("clip"), skip: isOn(skip), watch: isOn(watch) };
    const { epochs, limit, seed } = this.initial;
    const texts = { ...shown, epochs: String(epochs), limit: String(limit), seed: String(seed) };
    return parseOptions(texts, (name) => LABELS[name]);
  }

  #setRadio(name: "model" | "rule", value: string): void {
    for (const input of this.#form.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)) {
      input.checked = input.value === value;
    }
  }

  #learningRateChanged({ onLearningRate }: ControlEvents): void {
    const lr = this.#showLearningRate();
    if (lr !== null) onLearningRate(lr);
  }

  #scaleLearningRate(factor: number, events: ControlEvents): void {
    const { lr } = parseOptions({ lr: this.#lr.value }).options;
    this.#lr.value = String(Math.min(1, Number((lr * factor).toPrecision(3))));
    this.#learningRateChanged(events);
  }

  /** Shows whether the learning rate is legal, and returns it if so. */
  #showLearningRate(): number | null {
    const { options, problems } = parseOptions({ lr: this.#lr.value }, (name) => LABELS[name]);
    const isLegal = problems.length === 0;
    this.#lr.setAttribute("aria-invalid", String(!isLegal));
    this.#lrHint.classList.toggle("error", !isLegal);
    setText(this.#lrHint, isLegal ? "Applies from the next step" : problems.join(" "));
    return isLegal ? options.lr : null;
  }

  #showPending(): void {
    const running = this.#running;
    const { options } = this.#parse();
    const isPending = running !== null && LATER.some((name) => options[name] !== running[name]);
    const { epochs, limit, seed } = this.initial;
    const plan = `${epochs} ${epochs === 1 ? "epoch" : "epochs"} of ${formatCount(limit)} images, seed ${seed}`;
    setText(this.#hint, isPending ? "All but the learning rate takes effect after a reset." : plan);
  }
}
