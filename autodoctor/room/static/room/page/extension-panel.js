// @ts-check
/**
 * <more-time data-from="…">: adding time to a session that runs, without leaving it. What it shows the server renders
 * (`data-from`), a line in the room and the inside of its dialog, anew with each event that concerns it. What is chosen
 * there goes to the API by the form's address and `data-send`.
 */
import { LiveRegions } from "lib/live-regions";
import { csrfToken } from "lib/upload";
import { toast } from "lib/toasts";
import { isIn } from "room/wire/states";

/** @typedef {import("room/wire/channel").Channel} Channel */

/** After these there is nothing to choose any more. */
const CLOSING = new Set(["session.extended", "session.ended", "session.auto_closed"]);

export class MoreTime extends HTMLElement {
  #regions = new LiveRegions(this, { address: () => this.dataset.from ?? "", shown: () => this.#choose() });
  /** @type {Channel | null} */
  #channel = null;

  connectedCallback() {
    this.addEventListener("submit", (event) => this.#submitted(/** @type {SubmitEvent} */ (event)));
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    this.addEventListener("change", (event) => this.#chosen(/** @type {HTMLInputElement} */ (event.target)));
  }

  /** @param {Channel} channel */
  follow(channel) {
    this.#channel = channel;
    channel.on("welcome", () => this.#look());
    channel.on("event", (event) => this.#event(event));
  }

  /** @param {import("room/wire/frames").LogEvent} event */
  #event({ kind }) {
    if (!kind.startsWith("session.") && !kind.startsWith("extension.")) return;
    if (CLOSING.has(kind) && !(kind === "session.extended" && this.#isChoosing)) this.#dialog.close();
    this.#look();
  }

  /** Have the server say how it stands. */
  async #look() {
    if (!isIn(this.#channel?.session?.state, "begun")) return; // nothing to add to yet, or not for this person any more
    await this.#regions.refresh();
  }

  /** What was chosen stays chosen; when it is not offered any more, the first is. */
  #choose() {
    const chosen = this.querySelector("input[type=radio]:checked") ?? this.querySelector("input[type=radio]");
    if (!(chosen instanceof HTMLInputElement)) return;
    chosen.checked = true;
    this.#chosen(chosen);
  }

  /** @param {HTMLInputElement} choice */
  #chosen(choice) {
    const price = this.querySelector("[data-slot=price]");
    if (price && choice.dataset.price) price.textContent = choice.dataset.price;
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const button = /** @type {HTMLButtonElement} */ (event.submitter);
    this.#send(button, form.dataset.send ?? "POST", form.action, asJson(new FormData(form)));
  }

  /** @param {Element} target */
  #clicked(target) {
    const button = /** @type {HTMLButtonElement | null} */ (target.closest("button[data-send]"));
    if (button) this.#send(button, button.dataset.send ?? "", button.dataset.to ?? "", button.dataset.body);
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {string} method
   * @param {string} address
   * @param {string} [body]
   */
  async #send(button, method, address, body) {
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    try {
      const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken() };
      const answer = await fetch(address, { method, headers, body });
      if (!answer.ok) toast((await answer.json()).detail, "error");
      else if ("closes" in button.dataset) this.#dialog.close();
      await this.#look();
    } catch {
      toast(
        /** @type {HTMLTemplateElement} */ (this.querySelector("template[data-words=unclear]")).content.textContent ??
          "",
        "error",
      );
    } finally {
      button.ariaBusy = null;
    }
  }

  /** Somebody has not said yet what they want. */
  get #isChoosing() {
    return this.querySelector("form") !== null && this.querySelector("form [aria-busy=true]") === null;
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }
}

/** @param {FormData} fields */
function asJson(fields) {
  return JSON.stringify(Object.fromEntries([...fields].map(([name, value]) => [name, meant(String(value))])));
}

/** A number as such, a ticked box as true, and nothing chosen as null. @param {string} value */
function meant(value) {
  if (value === "") return null;
  if (value === "true") return true;
  return /^\d+$/.test(value) ? Number(value) : value;
}
