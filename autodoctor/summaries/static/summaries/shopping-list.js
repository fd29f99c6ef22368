// @ts-check
/**
 * <shopping-list data-key>: parts that are ticked off at once, also where the shop has no reception. What the server
 * has not heard yet stays on this device and is sent when there is a connection again.
 *
 * Without scripts each tick is a form of its own.
 */
import { send } from "lib/sending";
import { toast } from "lib/toasts";
import { keep, recall } from "lib/typed-text";

export class ShoppingList extends HTMLElement {
  /** By the address of the part: "yes" or "no". @type {Map<string, string>} */
  #unsaved = new Map();
  #isSending = false;

  connectedCallback() {
    this.#unsaved = new Map(Object.entries(read(this.#key)));
    for (const button of this.#buttons) {
      const kept = this.#unsaved.get(button.formAction);
      if (kept) show(button, kept);
      button.addEventListener("click", (event) => this.#press(event, button));
    }
    window.addEventListener("online", () => this.#save());
    this.#save();
  }

  /** @param {Event} event @param {HTMLButtonElement} button */
  #press(event, button) {
    event.preventDefault();
    this.#unsaved.set(button.formAction, button.value);
    show(button, button.value);
    this.#save();
  }

  /** Send one after the other what the server has not heard, the newest press of each part. */
  async #save() {
    this.#remember();
    if (this.#isSending) return;
    this.#isSending = true;
    let heard = true;
    while (heard && this.#unsaved.size) heard = await this.#sendNext();
    this.#isSending = false;
    this.#remember();
    /** @type {HTMLElement} */ (this.querySelector("[data-unsaved]")).hidden = heard;
  }

  /** Returns whether the server has answered. */
  async #sendNext() {
    const [address, bought] = /** @type {[string, string]} */ (this.#unsaved.entries().next().value);
    const body = new FormData();
    body.set("bought", bought);
    const answer = await send(address, { body });
    if (!answer.body) return false;
    if (this.#unsaved.get(address) === bought) this.#unsaved.delete(address);
    if (answer.ok) this.#tell(answer.body.words);
    else this.#takeBack(address, bought, answer.detail);
    return true;
  }

  /** @param {string} words  about what is left */
  #tell(words) {
    const place = document.querySelector("[data-left]");
    if (place) place.textContent = words;
  }

  /** @param {string} address @param {string} bought @param {string} why */
  #takeBack(address, bought, why) {
    const button = this.#buttons.find(({ formAction }) => formAction === address);
    if (button) show(button, bought === "yes" ? "no" : "yes");
    toast(why, "error");
  }

  #remember() {
    keep(this.#key, this.#unsaved.size ? JSON.stringify(Object.fromEntries(this.#unsaved)) : "");
  }

  get #key() {
    return `shopping:${this.dataset.key}`;
  }

  get #buttons() {
    return [...this.querySelectorAll("button")];
  }
}

/**
 * Show a part as bought or not; the next press says the opposite.
 * @param {HTMLButtonElement} button
 * @param {string} bought
 */
function show(button, bought) {
  button.ariaPressed = String(bought === "yes");
  button.value = bought === "yes" ? "no" : "yes";
}

/** @param {string} key @returns {Record<string, string>} */
function read(key) {
  try {
    return JSON.parse(recall(key) || "{}");
  } catch {
    return {};
  }
}
