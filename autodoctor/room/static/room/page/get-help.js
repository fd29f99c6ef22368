// @ts-check
/**
 * <get-help data-thread="…">: the viewer's thread with support, in a dialog of the session's page. The server renders
 * what was said; what is typed is kept in the tab until it has arrived. An answer that comes while the dialog is closed
 * is told, and marked on the page (`data-help-unread` on <session-room>) until it is looked at.
 */
import { feed } from "lib/feed";
import { LiveRegions } from "lib/live-regions";
import { toast } from "lib/toasts";
import { isIn } from "room/wire/states";

/** @typedef {import("room/wire/channel").Channel} Channel */

export class GetHelp extends HTMLElement {
  #seen = new Set();
  #listensToLists = false;
  #regions = new LiveRegions(this, {
    address: () => this.dataset.thread ?? "",
    shown: (hasChanged) => hasChanged && this.#tell(),
  });

  connectedCallback() {
    this.#seen = this.#answers();
    this.#restore();
    document.addEventListener("click", (event) => this.#clicked(event));
    this.addEventListener("input", () => this.#keep());
    this.addEventListener("submit", (event) => this.#submitted(/** @type {SubmitEvent} */ (event)));
    if ("over" in this.dataset) this.#listenToLists();
  }

  /** @param {Channel} channel */
  follow(channel) {
    channel.on("event", ({ kind, data }) => {
      if (kind.startsWith("help.")) this.#regions.refresh();
      if (data.session && isIn(data.session.state, "over")) this.#listenToLists();
    });
  }

  /** A session that is over has no line of its own any more. */
  #listenToLists() {
    if (this.#listensToLists) return;
    this.#listensToLists = true;
    feed.addEventListener("changed", () => this.#regions.refresh());
    feed.start();
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const link = /** @type {Element} */ (event.target).closest("[data-help]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#dialog.showModal();
    this.#mark(false);
    this.#toEnd();
  }

  /** More was said. */
  #tell() {
    const answers = this.#answers();
    const isNews = [...answers].some((seq) => !this.#seen.has(seq));
    this.#seen = answers;
    if (this.#dialog.open) this.#toEnd();
    else if (isNews) {
      this.#mark(true);
      toast(this.#words("answered"));
    }
  }

  /** @param {SubmitEvent} event */
  async #submitted(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const button = event.submitter;
    if (!button || button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    try {
      const headers = { Accept: "application/json" };
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers });
      if (answer.redirected) return location.reload(); // to sign in; what is typed is kept
      this.#refuse(answer.ok ? "" : (await answer.json()).detail);
      if (answer.ok) this.#sent(form);
      await this.#regions.refresh();
    } catch {
      this.#refuse(this.#words("failed"));
    } finally {
      button.ariaBusy = null;
    }
  }

  /** The next words are others. @param {HTMLFormElement} form */
  #sent(form) {
    /** @type {HTMLInputElement} */ (form.elements.namedItem("client_id")).value = crypto.randomUUID();
    this.#text.value = "";
    this.#keep();
  }

  /** @param {string} why */
  #refuse(why) {
    const line = /** @type {HTMLElement} */ (this.querySelector("[data-refused]"));
    line.hidden = !why;
    /** @type {HTMLElement} */ (line.querySelector("span")).textContent = why;
  }

  #keep() {
    if (this.#text?.value) sessionStorage.setItem(this.#keepAs, this.#text.value);
    else sessionStorage.removeItem(this.#keepAs);
  }

  #restore() {
    if (this.#text) this.#text.value ||= sessionStorage.getItem(this.#keepAs) ?? "";
  }

  /** @param {boolean} unread */
  #mark(unread) {
    this.closest("session-room")?.toggleAttribute("data-help-unread", unread);
  }

  #toEnd() {
    this.#thread.scrollTop = this.#thread.scrollHeight;
  }

  /** Which answers of support are there. */
  #answers() {
    return new Set((this.#thread.dataset.seen ?? "").split(" ").filter(Boolean));
  }

  /** @param {string} name */
  #words(name) {
    return (
      /** @type {HTMLTemplateElement} */ (this.querySelector(`template[data-words=${name}]`)).content.textContent ?? ""
    );
  }

  get #keepAs() {
    return `help:${this.dataset.thread}`;
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  get #thread() {
    return /** @type {HTMLElement} */ (this.querySelector(".help__thread"));
  }

  get #text() {
    return /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
  }
}
