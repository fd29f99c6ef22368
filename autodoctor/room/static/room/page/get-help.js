// @ts-check
/**
 * <get-help data-thread="…">: the viewer's thread with support, in a dialog of the session's page. The server renders
 * the thread; the device keeps typed text until the server has it. An answer while the dialog is closed is announced, and
 * marked on the page (`data-help-unread` on <session-room>) until the dialog is opened.
 */
import { callAttention } from "lib/attention";
import { feed } from "lib/feed";
import { LiveRegions } from "lib/live-regions";
import { toEnd } from "lib/scrolling";
import { send, whileBusy } from "lib/sending";
import { leadToSignIn } from "lib/signed-out";
import { wordsOf } from "lib/templates";
import { keep, recall } from "lib/typed-text";
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

  /** A session that is over has no socket: listen to the feed. */
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
    toEnd(this.#thread);
  }

  /** More was said. */
  #tell() {
    const answers = this.#answers();
    const isNews = [...answers].some((seq) => !this.#seen.has(seq));
    this.#seen = answers;
    if (this.#dialog.open) toEnd(this.#thread);
    else if (isNews) {
      this.#mark(true);
      callAttention(wordsOf(this, "answered"));
    }
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (event.submitter) whileBusy(event.submitter, () => this.#send(form));
  }

  /** @param {HTMLFormElement} form */
  async #send(form) {
    const { ok, redirected, detail } = await send(form.action, { body: new FormData(form) });
    if (redirected) return leadToSignIn(); // what is typed is kept
    this.#refuse(ok ? "" : detail || wordsOf(this, "failed"));
    if (ok) this.#sent(form);
    if (ok || detail) await this.#regions.refresh();
  }

  /** The next words are others. @param {HTMLFormElement} form */
  #sent(form) {
    /** @type {HTMLInputElement} */ (form.elements.namedItem("client_id")).value = crypto.randomUUID();
    /** @type {HTMLInputElement} */ (form.elements.namedItem("file")).value = "";
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
    if (this.#text) keep(this.#keepAs, this.#text.value);
  }

  #restore() {
    if (this.#text) this.#text.value ||= recall(this.#keepAs);
  }

  /** @param {boolean} unread */
  #mark(unread) {
    this.closest("session-room")?.toggleAttribute("data-help-unread", unread);
  }

  /** The ids of support's answers on the page. */
  #answers() {
    return new Set((this.#thread.dataset.seen ?? "").split(" ").filter(Boolean));
  }

  get #keepAs() {
    return `help:${this.dataset.thread}:${this.dataset.me}`;
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
