// Puts texts on the clipboard. Must not know what they say.
import { element } from "./dom";

/** Copies a text, or shows it selected in a dialog where the browser refuses; says whether it was copied. */
export async function copyText(text: string, heading: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    showText(text, heading);
    return false;
  }
}

function showText(text: string, heading: string): void {
  const title = element("h2", heading);
  title.id = "copy-heading";
  const hint = element(
    "p",
    "The browser gave no access to the clipboard. The text is selected: copy it yourself.",
  );
  hint.className = "hint";
  const area = element("textarea");
  area.value = text;
  area.readOnly = true;
  area.rows = Math.min(12, text.split("\n").length + 1);
  area.setAttribute("aria-labelledby", title.id);
  const close = element("button", "Close");
  close.className = "button";
  const form = element("form", title, hint, area, close);
  form.method = "dialog";
  const dialog = element("dialog", form);
  dialog.className = "copy-dialog";
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.addEventListener("close", () => {
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  area.focus();
  area.select();
}
