// @ts-check
/**
 * `<copy-text>`: a text field whose text goes into the clipboard by a button, where the browser lets a page do that.
 * Without it the field can be selected by hand.
 */
class CopyText extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    const field = this.querySelector("input");
    if (!button || !field) return;
    field.addEventListener("focus", () => field.select());
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", () => this.#copy(field));
  }

  /** @param {HTMLInputElement} field */
  async #copy(field) {
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      field.select(); // not allowed: by hand, then
      return;
    }
    for (const words of this.querySelectorAll("span")) words.hidden = "before" in words.dataset;
  }
}

customElements.define("copy-text", CopyText);
