// Small helpers for pages. Must not know any page.

/** The element with this id, which the page is known to have; of the type given. */
export function byId(id: string): HTMLElement;
export function byId<E extends HTMLElement>(id: string, type: new () => E): E;
export function byId(id: string, type = HTMLElement): HTMLElement {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} #${id}`);
  return element;
}

/** Sets a text only when it changes, which spares layout and screen readers. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Enables or disables a button without taking the keyboard's focus from it. */
export function setEnabled(button: HTMLButtonElement, enabled: boolean): void {
  button.setAttribute("aria-disabled", String(!enabled));
}

/** Calls back when an enabled button is pressed. */
export function onPress(button: HTMLButtonElement, callback: () => void): void {
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") callback();
  });
}

/** A new element with these children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  ...children: (string | Node)[]
): HTMLElementTagNameMap[Tag] {
  const created = document.createElement(tag);
  created.append(...children);
  return created;
}
