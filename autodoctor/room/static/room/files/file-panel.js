// @ts-check
/**
 * <file-panel session="<uuid>">: the session's files. The server renders the list; a button `data-remove="<file id>"`
 * asks for confirmation and removes the file. Dispatches `file-removed`, which bubbles.
 */
import { csrfToken } from "lib/upload";
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
    /** @type {HTMLElement} */ (this.#dialog.querySelector("[data-slot=name]")).textContent = button.dataset.name ?? "";
    this.#dialog.showModal();
  }

  async #remove() {
    const button = /** @type {HTMLButtonElement} */ (this.#dialog.querySelector("[data-confirm]"));
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    const address = `/api/sessions/${this.getAttribute("session")}/files/${this.#file}`;
    const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
    const answer = await fetch(address, { method: "DELETE", headers }).catch(() => null);
    button.ariaBusy = null;
    this.#dialog.close();
    if (answer?.ok || answer?.status === 404) this.dispatchEvent(new CustomEvent("file-removed", { bubbles: true }));
    else toast((await refusal(answer)) || this.#words("failed"), "error");
  }

  /** @param {string} name */
  #words(name) {
    const template = /** @type {HTMLTemplateElement} */ (this.querySelector(`template[data-words=${name}]`));
    return template.content.textContent?.trim() ?? "";
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }
}

/** The server's own sentence, where it has one. @param {Response | null} answer */
async function refusal(answer) {
  const body = await answer?.json().catch(() => null);
  return body?.detail ?? "";
}
