// @ts-check
/**
 * <odometer-photo max-bytes="…">: takes a photo of the odometer, shown beside the field for the mileage. This device keeps
 * it under the token of the form around it, until the request is paid: then `room/files/intake-photo.js` shares it.
 */
import { forgetFile, keepFile, recallFile } from "lib/kept-files";
import { focusOn } from "lib/focus";
import { wordsOf } from "lib/templates";

export class OdometerPhoto extends HTMLElement {
  #leaving = new AbortController();

  connectedCallback() {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    this.hidden = false;
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)), { signal });
    this.#input.addEventListener("change", () => this.#picked(), { signal });
    this.#restore();
  }

  disconnectedCallback() {
    this.#leaving.abort();
    this.#show(null);
  }

  async #restore() {
    this.#show(await recallFile(this.#token));
  }

  /** @param {Element} target */
  #clicked(target) {
    const { photo } = /** @type {HTMLElement | null} */ (target.closest("[data-photo]"))?.dataset ?? {};
    if (photo === "take") this.#input.click();
    if (photo === "remove") this.#remove();
  }

  async #picked() {
    const [file] = this.#input.files ?? [];
    this.#input.value = ""; // the same photo may be picked again
    if (!file) return;
    const refusal = this.#refusal(file) || ((await keepFile(this.#token, file)) ? "" : "not-kept");
    this.#say(refusal);
    if (!refusal) this.#show(file);
  }

  /** @param {File} file */
  #refusal(file) {
    if (!file.type.startsWith("image/") || !file.size) return "no-photo";
    return file.size > Number(this.getAttribute("max-bytes")) ? "too-large" : "";
  }

  async #remove() {
    await forgetFile(this.#token);
    this.#show(null);
    focusOn(this.querySelector("[data-photo=take]"));
  }

  /** @param {File | null} file */
  #show(file) {
    if (this.#picture.src) URL.revokeObjectURL(this.#picture.src);
    this.#picture.removeAttribute("src");
    if (file) this.#picture.src = URL.createObjectURL(file);
    this.toggleAttribute("data-kept", Boolean(file));
  }

  /** @param {string} refusal */
  #say(refusal) {
    const line = /** @type {HTMLElement} */ (this.querySelector("[role=alert]"));
    line.textContent = refusal && wordsOf(this, refusal);
  }

  get #token() {
    const form = /** @type {HTMLFormElement} */ (this.closest("form"));
    return /** @type {HTMLInputElement} */ (form.elements.namedItem("token")).value;
  }

  get #input() {
    return /** @type {HTMLInputElement} */ (this.querySelector("input[type=file]"));
  }

  get #picture() {
    return /** @type {HTMLImageElement} */ (this.querySelector("img"));
  }
}
