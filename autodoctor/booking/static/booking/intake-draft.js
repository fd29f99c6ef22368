// @ts-check
/**
 * <intake-draft>: keeps what is typed into the form around it on this device, under the token of the intake, until the
 * session is booked: a lost connection or a closed tab loses nothing. Consent and choices are made anew. With the
 * attribute `known` the server has filled in what it knows, and nothing is put in its place.
 */
import { keep, kept, recall } from "lib/typed-text";

const KEY = "intake:";
const TYPED = "textarea, input:not([type=radio], [type=checkbox], [type=hidden], [type=file])";

export class IntakeDraft extends HTMLElement {
  #leaving = new AbortController();

  connectedCallback() {
    this.#leaving = new AbortController();
    for (const key of kept(KEY)) if (key !== this.#key) keep(key, ""); // of intakes that are booked
    if (!this.hasAttribute("known")) this.#restore();
    this.#form.addEventListener("input", () => this.#keep(), { signal: this.#leaving.signal });
    if (this.#fields.some(({ value, defaultValue }) => value !== defaultValue)) this.#keep(); // typed before this script
  }

  disconnectedCallback() {
    this.#leaving.abort();
  }

  #keep() {
    const typed = this.#fields.filter(({ value }) => value.trim()).map(({ name, value }) => [name, value]);
    keep(this.#key, typed.length ? JSON.stringify(Object.fromEntries(typed)) : "");
  }

  #restore() {
    /** @type {Record<string, string>} */
    const typed = JSON.parse(recall(this.#key) || "{}");
    for (const field of this.#fields.filter(({ name, value }) => !value && typed[name])) {
      field.value = typed[field.name];
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  get #key() {
    return KEY + /** @type {HTMLInputElement} */ (this.#form.elements.namedItem("token")).value;
  }

  get #form() {
    return /** @type {HTMLFormElement} */ (this.closest("form"));
  }

  get #fields() {
    const fields = [...this.#form.querySelectorAll(TYPED)];
    return /** @type {(HTMLInputElement | HTMLTextAreaElement)[]} */ (fields).filter(({ name }) => name);
  }
}
