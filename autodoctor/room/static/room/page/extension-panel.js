// @ts-check
/**
 * <more-time data-from="…">: the extension panel of a running session. The server renders a line of the room and the
 * contents of the dialog (`data-from`), again after each event about extensions. A choice goes to the API by the form's
 * address and `data-send`.
 */
import { LiveRegions } from "lib/live-regions";
import { send, whileBusy } from "lib/sending";
import { fill, wordsOf } from "lib/templates";
import { toast } from "lib/toasts";
import { isIn } from "room/wire/states";

/** @typedef {import("room/wire/channel").Channel} Channel */

/** After these there is nothing to choose any more. */
const CLOSING = new Set(["session.extended", "session.ended", "session.auto_closed"]);
/** These say what came of a choice. */
const DECIDING = new Set(["session.extended", "extension.failed"]);

export class MoreTime extends HTMLElement {
  #regions = new LiveRegions(this, { address: () => this.dataset.from ?? "", shown: () => this.#shown() });
  /** @type {Channel | null} */
  #channel = null;
  /** A choice has been sent; what came of it has not been heard yet. */
  #isSent = false;
  /** The server takes a card for what was chosen; the page does not show that yet. */
  #entersCard = false;

  connectedCallback() {
    this.addEventListener("submit", (event) => this.#submitted(/** @type {SubmitEvent} */ (event)));
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    this.closest("session-room")?.addEventListener("card-refused", () => this.#look());
    this.addEventListener("change", (event) => this.#chosen(/** @type {HTMLInputElement} */ (event.target)));
  }

  /** @param {Channel} channel */
  follow(channel) {
    this.#channel = channel;
    channel.on("welcome", () => this.#look());
    channel.on("event", (event) => this.#event(event));
  }

  /** @param {import("room/wire/frames").LogEvent} event */
  #event({ kind, data }) {
    if (!kind.startsWith("session.") && !kind.startsWith("extension.")) return;
    if (CLOSING.has(kind) && !(kind === "session.extended" && this.#isChoosing)) this.#dialog.close();
    if (CLOSING.has(kind) && kind !== "session.extended") this.#cardEntry?.close();
    if (DECIDING.has(kind)) this.#isSent = false;
    if (data.extension?.stands === "lapsed" && this.#cardEntry) toast(wordsOf(this, "lapsed"));
    this.#look();
  }

  /** Have the server say how it stands. */
  async #look() {
    const session = this.#channel?.session;
    const isGone = this.closest("session-room")?.dataset.role === "mechanic" && !session?.mechanic;
    if (isGone || !isIn(session?.state, "begun")) return; // nothing to add to yet, or not for this person any more
    await this.#regions.refresh();
  }

  #shown() {
    this.#choose();
    if (!this.#wayToCard) this.#cardEntry?.close();
    else if (this.#entersCard) this.#enterCard();
  }

  /** Enter a card in the room, for the extension that is being paid. */
  #enterCard() {
    const { enterCard: address = "", price = "", time = "", reason = "" } = this.#wayToCard?.dataset ?? {};
    if (!address) return;
    this.#entersCard = false;
    this.#dialog.close();
    this.#cardEntry?.open({ address, price, time, reason });
  }

  /** Keep the choice; if it is no longer offered, choose the first offer. */
  #choose() {
    const chosen = this.querySelector("input[type=radio]:checked") ?? this.querySelector("input[type=radio]");
    if (!(chosen instanceof HTMLInputElement)) return;
    chosen.checked = true;
    this.#chosen(chosen);
  }

  /** @param {HTMLInputElement} choice */
  #chosen(choice) {
    if (choice.dataset.price) fill(this, "price", choice.dataset.price);
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
    if (target.closest("[data-enter-card]")) this.#enterCard();
    if (button) this.#send(button, button.dataset.send ?? "", button.dataset.to ?? "", button.dataset.body);
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {string} method
   * @param {string} address
   * @param {string} [body]
   */
  #send(button, method, address, body) {
    return whileBusy(button, async () => {
      this.#isSent ||= method === "POST" && !("closes" in button.dataset);
      const { ok, status, detail, body: answer } = await send(address, { method, body });
      if (!ok && status) this.#isSent = false; // without an answer it may have come of it
      if (!ok) return this.#refused(detail);
      if ("closes" in button.dataset) this.#dialog.close();
      this.#entersCard = answer?.card_here === true;
      await this.#look();
    });
  }

  /** @param {string} why  empty: nobody said */
  async #refused(why) {
    toast(why || wordsOf(this, "unclear"), "error");
    if (why) await this.#look();
  }

  /** Whether the person has not chosen yet. The form is there again when the answer overtakes the event. */
  get #isChoosing() {
    return !this.#isSent && this.querySelector("form") !== null;
  }

  /** @returns {HTMLElement | null} */
  get #wayToCard() {
    return this.querySelector("[data-enter-card]");
  }

  get #cardEntry() {
    return this.closest("session-room")?.querySelector("card-entry");
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
