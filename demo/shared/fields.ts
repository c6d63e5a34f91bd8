// Shows one setting as a field of a form. Must not know any page, nor what happens when a field changes.
import { element, onPress } from "./dom";
import type { Option, Setting } from "./settings";

/** A field: what it shows is a text, as the setting's `parse` and `format` have it. */
export type FieldView = {
  root: HTMLElement;
  /** What the keyboard goes to when the text is wrong; null for fields whose text cannot be mistyped. */
  input: HTMLInputElement | null;
  read(): string;
  write(text: string): void;
};

/**
 * The field of a setting, or null when it has none.
 * @param name names the field in the form
 * @param onEdit called after a visitor's edit
 */
export function createField(name: string, setting: Setting<unknown>, onEdit: () => void): FieldView | null {
  const { label, field } = setting;
  switch (field.kind) {
    case "text":
      return textField(name, setting, field.steps === true, onEdit);
    case "choice":
      return field.as === "bar"
        ? choiceBar(name, label, field.options, onEdit)
        : choiceList(name, label, field.options, onEdit);
    case "several":
      return chips(name, label, field.options, onEdit);
    case "flag":
      return checkBox(name, label, onEdit);
    case "hidden":
      return null;
  }
}

function labelled(name: string, label: string, control: HTMLElement): HTMLElement {
  const caption = element("label", label);
  caption.htmlFor = name;
  const root = element("div", caption, control);
  root.className = "field";
  return root;
}

function textField(
  name: string,
  setting: Setting<unknown>,
  hasSteps: boolean,
  onEdit: () => void,
): FieldView {
  const input = element("input");
  Object.assign(input, { id: name, name, type: "text", inputMode: "decimal", autocomplete: "off" });
  input.spellcheck = false;
  input.addEventListener("change", onEdit);
  const view = (control: HTMLElement): FieldView => ({
    root: labelled(name, setting.label, control),
    input,
    read: () => input.value.trim(),
    write(text) {
      input.value = text;
    },
  });
  if (!hasSteps) return view(input);

  const step = (text: string, verb: string, factor: number) => {
    const button = element("button", text);
    Object.assign(button, { id: `${name}-${verb.toLowerCase()}`, type: "button", className: "button" });
    button.setAttribute("aria-label", `${verb} the ${setting.label.toLowerCase()}`);
    onPress(button, () => {
      // From a text that is no number there is nowhere to go; the message already says so.
      const scaled = String(Number((Number(input.value) * factor).toPrecision(3)));
      if (setting.parse(scaled) !== undefined) input.value = scaled;
      onEdit();
    });
    return button;
  };
  const stepper = element("div", input, step("÷2", "Halve", 1 / 2), step("×2", "Double", 2));
  stepper.className = "stepper";
  return view(stepper);
}

/** A radio button or checkbox and its text, which CSS shows as one piece. */
function pick(type: "radio" | "checkbox", name: string, { value, label, color }: Option): HTMLLabelElement {
  const input = element("input");
  Object.assign(input, { type, name, value });
  const text = element("span", label);
  if (color !== undefined) {
    const swatch = element("i");
    swatch.style.setProperty("--swatch", `var(${color})`);
    text.prepend(swatch);
  }
  return element("label", input, text);
}

function group(
  className: string,
  label: string,
  picks: HTMLLabelElement[],
  onEdit: () => void,
): { root: HTMLElement; inputs: HTMLInputElement[] } {
  const bar = element("div", ...picks);
  bar.className = className;
  bar.addEventListener("change", onEdit);
  const root = element("fieldset", element("legend", label), bar);
  root.className = "field";
  return { root, inputs: [...bar.querySelectorAll("input")] };
}

function choiceBar(name: string, label: string, options: readonly Option[], onEdit: () => void): FieldView {
  const picks = options.map((option) => pick("radio", name, option));
  const { root, inputs } = group("choices", label, picks, onEdit);
  return {
    root,
    input: null,
    read: () => inputs.find(({ checked }) => checked)?.value ?? "",
    write(text) {
      for (const input of inputs) input.checked = input.value === text;
    },
  };
}

function choiceList(name: string, label: string, options: readonly Option[], onEdit: () => void): FieldView {
  const select = element("select", ...options.map((option) => new Option(option.label, option.value)));
  Object.assign(select, { id: name, name });
  select.addEventListener("change", onEdit);
  return {
    root: labelled(name, label, select),
    input: null,
    read: () => select.value,
    write(text) {
      select.value = text;
    },
  };
}

function chips(name: string, label: string, options: readonly Option[], onEdit: () => void): FieldView {
  const picks = options.map((option) => pick("checkbox", name, option));
  const { root, inputs } = group("chips", label, picks, onEdit);
  return {
    root,
    input: null,
    read: () =>
      inputs
        .filter(({ checked }) => checked)
        .map(({ value }) => value)
        .join(","),
    write(text) {
      const chosen = text.split(",");
      for (const input of inputs) input.checked = chosen.includes(input.value);
    },
  };
}

function checkBox(name: string, label: string, onEdit: () => void): FieldView {
  const input = element("input");
  Object.assign(input, { id: name, name, type: "checkbox" });
  input.addEventListener("change", onEdit);
  const root = element("label", input, label);
  root.className = "check";
  return {
    root,
    input: null,
    read: () => (input.checked ? "1" : "0"),
    write(text) {
      input.checked = text === "1";
    },
  };
}
