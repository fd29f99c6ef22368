// @ts-check
/**
 * <file-panel session="<uuid>">: the session's files. The server renders the list; a button `data-remove="<file id>"`
 * asks for confirmation and removes the file. Dispatches `file-removed`, which bubbles.
 */
import { send, whileBusy } from "lib/sending";
import { fill, wordsOf } from "lib/templates";
import { toast } from "lib/toasts";

export class FilePanel extends HTMLElement {
  /** The file of the open question. */
  #file = "";
  #leaving = new AbortController();

  connectedCallback() {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)), { signal });
  }

  disconnectedCallback() {
    this.#leaving.abort();
  }

  /** @param {Element} target */
  #clicked(target) {
    const asks = /** @type {HTMLElement | null} */ (target.closest("[data-remove]"));
    if (asks) this.#ask(asks);
    else if (target.closest("[data-keep-it]")) this.#dialog.close();
    else if (target.closest("[data-confirm]")) this.#remove();
  }

  /** @param {HTMLElement} button */
  #ask(button) {
    this.#file = button.dataset.remove ?? "";
    fill(this.#dialog, "name", button.dataset.name ?? "");
    this.#dialog.showModal();
  }

  #remove() {
    const button = /** @type {HTMLButtonElement} */ (this.#dialog.querySelector("[data-confirm]"));
    const address = `/api/sessions/${this.getAttribute("session")}/files/${this.#file}`;
    return whileBusy(button, async () => {
      const { ok, status, detail } = await send(address, { method: "DELETE" });
      this.#dialog.close();
      if (ok || status === 404) this.dispatchEvent(new CustomEvent("file-removed", { bubbles: true }));
      else toast(detail || wordsOf(this, "failed"), "error");
    });
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }
}
