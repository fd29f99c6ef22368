// @ts-check
/** <share-words>: copies a text, or hands it to the system's share sheet where the browser has one. */
import { wordsOf } from "lib/templates";
import { toast } from "lib/toasts";

export class ShareWords extends HTMLElement {
  connectedCallback() {
    this.#offer("[data-copy]", "clipboard" in navigator, () => this.#copy());
    this.#offer("[data-share]", "share" in navigator, () => this.#share());
  }

  /** @param {string} button @param {boolean} can @param {() => Promise<void>} act */
  #offer(button, can, act) {
    const found = /** @type {HTMLButtonElement} */ (this.querySelector(button));
    found.hidden = !can;
    found.addEventListener("click", act);
  }

  async #copy() {
    const done = await navigator.clipboard.writeText(this.#text).then(
      () => true,
      () => false,
    );
    if (done) toast(wordsOf(this, "copied"), "success");
    else toast(wordsOf(this, "refused"), "error");
  }

  async #share() {
    await navigator.share({ title: document.title, text: this.#text }).catch(() => {}); // closed without a choice
  }

  get #text() {
    return /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea")).value;
  }
}
