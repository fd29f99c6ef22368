// @ts-check
/**
 * <intake-photo data-token="…" data-shot="…" data-name="…">: shares the photo that the customer took in the intake, as
 * soon as the request takes files. Until then this device keeps it, under the token of the intake; the server stores what
 * comes under it once, from however many tabs. What was typed into the intake is booked, and forgotten.
 */
import { forgetFile, recallFile } from "lib/kept-files";
import { keep } from "lib/typed-text";

/** @typedef {import("room/files/file-drop").FileDrop} FileDrop */

export class IntakePhoto extends HTMLElement {
  #leaving = new AbortController();
  #isAsked = false;

  connectedCallback() {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    const drop = document.querySelector("file-drop");
    drop?.addEventListener("opened", () => this.#shareBy(drop), { signal });
    document.addEventListener("file-shared", this, { signal });
    keep(`intake:${this.#token}`, "");
  }

  disconnectedCallback() {
    this.#leaving.abort();
  }

  /** @param {Event} event */
  handleEvent(event) {
    const { detail } = /** @type {CustomEvent<import("lib/upload").SharedFile>} */ (event);
    if (detail.shot === this.dataset.shot) forgetFile(this.#token);
  }

  /** @param {FileDrop} drop */
  async #shareBy(drop) {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const file = await recallFile(this.#token);
    if (file) drop.add([file], { name: this.dataset.name, shot: this.dataset.shot, id: this.#token });
  }

  get #token() {
    return this.dataset.token ?? "";
  }
}
