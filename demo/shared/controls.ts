// The form of a demo: its settings as fields, the address that reproduces them, and the buttons to start, pause and reset.
// Must not know what the settings mean.
import { copyText } from "./clipboard";
import { element, onPress, setEnabled, setText } from "./dom";
import { createField, type FieldView } from "./fields";
import { problemOf, readQuery, type Schema, toQuery, type Values } from "./settings";

export type ControlEvents<S extends Schema> = {
  /** A setting has a new, legal value. */
  onChange?: (name: keyof S & string, values: Values<S>) => void;
  onToggle?: () => void;
  onReset?: () => void;
};

export class Controls<S extends Schema> {
  /** What was wrong in the address. */
  readonly problems: readonly string[];
  readonly #schema: S;
  readonly #events: ControlEvents<S>;
  readonly #fields = new Map<string, FieldView>();
  readonly #message: HTMLElement;
  readonly #toggle = button("toggle", "Start", "button primary");
  readonly #reset = button("reset", "Reset", "button");
  #values: Values<S>;
  #hint = "";

  /** Fills a form with the fields of the settings, in their order, with the values of the address. */
  constructor(form: HTMLFormElement, schema: S, events: ControlEvents<S>) {
    this.#schema = schema;
    this.#events = events;
    const { values, problems } = readQuery(schema, location.search);
    this.#values = values;
    this.problems = problems;

    this.#message = element("p");
    Object.assign(this.#message, { id: "controls-hint", className: "hint" });
    this.#message.dataset.testid = "controls-hint";
    this.#message.setAttribute("aria-live", "polite");
    const more = element("details", element("summary", "More settings"));
    form.append(this.#actions(), this.#message);
    for (const [name, setting] of Object.entries(schema)) {
      const field = createField(name, setting, () => {
        this.#edited(name);
      });
      if (!field) continue;
      field.write(setting.format(values[name]));
      field.input?.setAttribute("aria-describedby", this.#message.id);
      field.root.classList.toggle("half", setting.isHalf === true);
      this.#fields.set(name, field);
      const parent = setting.isMore === true ? more : form;
      if (setting.section !== undefined) parent.append(element("h2", setting.section));
      parent.append(field.root);
      // What a link sets is to be seen.
      if (setting.isMore === true && setting.format(values[name]) !== setting.format(setting.default)) {
        more.open = true;
      }
    }
    if (more.childElementCount > 1) form.append(more);
    form.addEventListener("submit", (event) => {
      // Enter in a text field has already changed it.
      event.preventDefault();
    });
    this.#toggle.hidden = events.onToggle === undefined;
    this.setButtons("Start", false, false);
  }

  /** The settings: what the fields show, or showed before something illegal was entered. */
  get values(): Readonly<Values<S>> {
    return this.#values;
  }

  /** Changes settings as a visitor would, and tells of each that is new. */
  set(values: Partial<Values<S>>): void {
    for (const [name, value] of Object.entries(values)) {
      const text = this.#schema[name]!.format(value);
      this.#fields.get(name)?.write(text);
      this.#take(name, text);
    }
  }

  /** What an empty field stands for. */
  placeholder(name: keyof S & string, text: string): void {
    const input = this.#fields.get(name)?.input;
    if (input) input.placeholder = text;
  }

  /** Labels and enables the buttons. */
  setButtons(toggle: string, canToggle: boolean, canReset: boolean): void {
    setText(this.#toggle, toggle);
    setEnabled(this.#toggle, canToggle);
    setEnabled(this.#reset, canReset);
  }

  /** What the line under the buttons says while there is nothing to complain of. */
  hint(text: string): void {
    this.#hint = text;
    this.#showMessage();
  }

  #actions(): HTMLElement {
    const copyLink = button("copy-link", "Copy link", "button");
    copyLink.title = "Copies an address that opens this page with these settings";
    onPress(this.#toggle, () => this.#events.onToggle?.());
    onPress(this.#reset, () => this.#events.onReset?.());
    onPress(copyLink, () => {
      void copyText(location.href, "Copy the link").then((isCopied) => {
        if (isCopied) this.#announce("Copied: the link opens this page with these settings.");
      });
    });
    const actions = element("div", this.#toggle, this.#reset, copyLink);
    actions.className = "actions";
    return actions;
  }

  #edited(name: string): void {
    const field = this.#fields.get(name)!;
    const setting = this.#schema[name]!;
    const text = field.read();
    const isLegal = setting.parse(text) !== undefined;
    field.input?.setAttribute("aria-invalid", String(!isLegal));
    if (isLegal) {
      this.#take(name, text);
      return;
    }
    // A text stays, to be corrected; a choice that is not allowed goes back.
    if (!field.input) {
      this.#announce(`${problemOf(setting, text)}.`, true);
      field.write(setting.format(this.#values[name]));
      return;
    }
    this.#showMessage();
  }

  #take(name: string, text: string): void {
    const setting = this.#schema[name]!;
    const value = setting.parse(text);
    if (value === undefined) throw new Error(problemOf(setting, text));
    this.#fields.get(name)?.input?.removeAttribute("aria-invalid");
    this.#showMessage();
    if (text === setting.format(this.#values[name])) return;
    this.#values = { ...this.#values, [name]: value };
    history.replaceState(null, "", `${location.pathname}${toQuery(this.#schema, this.#values)}`);
    this.#events.onChange?.(name, this.#values);
  }

  #showMessage(): void {
    for (const [name, field] of this.#fields) {
      if (field.input?.getAttribute("aria-invalid") !== "true") continue;
      const setting = this.#schema[name]!;
      const kept = setting.format(this.#values[name]);
      this.#announce(`${problemOf(setting, field.read())}. It stays at ${kept}.`, true);
      return;
    }
    this.#announce(this.#hint);
  }

  #announce(text: string, isError = false): void {
    this.#message.classList.toggle("error", isError);
    setText(this.#message, text);
  }
}

function button(id: string, text: string, className: string): HTMLButtonElement {
  const created = element("button", text);
  Object.assign(created, { id, type: "button", className });
  created.dataset.testid = id;
  return created;
}
