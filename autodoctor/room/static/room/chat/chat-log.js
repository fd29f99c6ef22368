// @ts-check
/**
 * <chat-log>: what was said, what happened, and the field to write in. Rows that are in the log stand in its order; what
 * is on its way stands below them and moves up when the log confirms it. All words and markup are the page's.
 */
import { Composer } from "room/chat/composer";
import { ChatEntries, slot } from "room/chat/chat-entries";
import { dayOf, timeOfDay } from "lib/format-time";

/** @typedef {import("room/wire/channel").Channel} Channel */
/** @typedef {import("room/wire/frames").LogEvent} LogEvent */

const NEAR_END_PX = 80;
const TYPING_SHOWN_MS = 5_000;

export class ChatLog extends HTMLElement {
  #me = "";
  #unread = 0;
  #lastDay = "";
  #entries = new ChatEntries(this, { me: "", files: "" });
  /** @type {Channel | null} */
  #channel = null;
  /** @type {Composer | null} */
  #composer = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typingEnds;

  /**
   * @param {Channel} channel
   * @param {{ me: string, keepAs: string }} options  who looks, and the key under which a draft is kept
   */
  follow(channel, { me, keepAs }) {
    this.#channel = channel;
    this.#me = me;
    this.#entries = new ChatEntries(this, { me, files: this.dataset.files ?? "" });
    for (const time of this.#all("time")) this.#label(/** @type {HTMLTimeElement} */ (time));
    const form = this.querySelector("form");
    if (form)
      this.#composer = new Composer(
        form,
        keepAs,
        (text) => this.#say(text),
        () => channel.typing(),
      );
    channel.on("event", (event) => this.#event(event));
    channel.on("outbox", () => this.#drawUnsent());
    channel.on("typing", ({ role }) => role !== channel.you?.role && this.#typing(role));
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    this.#scroller.addEventListener("scroll", () => this.#isAtEnd && this.#read());
    document.addEventListener("visibilitychange", () => this.#isAtEnd && this.#read());
    new ResizeObserver(() => this.#unread || this.#toEnd()).observe(this.#scroller);
    for (const entry of channel.outbox) if (this.#shown(entry.client_id)) channel.outbox.remove(entry.client_id);
    this.#drawUnsent();
    this.#toEnd();
  }

  /** Whether the session takes messages now, before, or no more. @param {"before"|"open"|"over"} phase */
  set phase(phase) {
    this.dataset.phase = phase;
    this.#composer?.setOpen(phase === "open");
  }

  /** Put the page for people at the last line. Call after the layout has changed. */
  settle() {
    if (!this.#unread) this.#toEnd();
    else if (this.#isAtEnd) this.#read(); // all of it is seen, without scrolling
  }

  /** @param {LogEvent} event */
  #event(event) {
    if (event.kind === "file.removed") this.#takeAway(event.data.file?.id ?? "");
    if (event.kind === "message.posted" && event.client_id) this.#shown(event.client_id)?.remove();
    const node = this.#entries.of(event);
    if (!node) return;
    const stay = !this.#isAtEnd || document.hidden;
    const mine = event.by?.id === this.#me;
    if (stay && !mine && !this.#unread) this.#markUnread();
    this.#appendWithDay(node, event.at);
    if (event.by?.role) this.#typing(event.by.role, false);
    if (!stay) this.#toEnd();
    else if (!mine) this.#count(this.#unread + 1);
  }

  /** @param {string} id  of a file that was removed */
  #takeAway(id) {
    const bubble = this.querySelector(`.bubble[data-file="${CSS.escape(id)}"]`);
    if (bubble) this.#entries.takeAway(bubble);
  }

  /** Everything that is not in the log yet, below it, in the order in which it was written. */
  #drawUnsent() {
    for (const old of this.#all(".bubble:not([data-seq])")) old.remove();
    for (const entry of this.#channel?.outbox ?? []) this.#log.append(this.#entries.unsent(entry));
    if (!this.#unread) this.#toEnd();
  }

  /** @param {string} text */
  #say(text) {
    this.#forgetMark();
    this.#count(0);
    this.#channel?.say(text);
    this.#toEnd();
  }

  #markUnread() {
    this.#forgetMark();
    this.#append(this.#entries.unread());
  }

  #forgetMark() {
    this.querySelector(".chat__unread")?.remove();
  }

  /** @param {Element} target */
  #clicked(target) {
    const id = /** @type {HTMLElement | null} */ (target.closest(".bubble"))?.dataset.clientId ?? "";
    if (target.closest("[data-again]")) this.#channel?.sayAgain(id);
    if (target.closest("[data-forget]")) this.#channel?.forget(id);
    if (target.closest("[data-jump]")) this.#toEnd();
  }

  /**
   * @param {string} role
   * @param {boolean} [on]
   */
  #typing(role, on = true) {
    const sign = /** @type {HTMLElement | null} */ (this.querySelector(`[data-typing="${role}"]`));
    if (!sign) return;
    const follow = this.#isAtEnd;
    clearTimeout(this.#typingEnds);
    sign.hidden = !on;
    if (on) this.#typingEnds = setTimeout(() => (sign.hidden = true), TYPING_SHOWN_MS);
    if (follow) this.#toEnd();
  }

  /**
   * @param {HTMLElement} node
   * @param {string} at
   */
  #appendWithDay(node, at) {
    if (this.#lastDay && dayOf(at) !== this.#lastDay) this.#append(this.#entries.day(at));
    this.#lastDay = dayOf(at);
    this.#append(node);
  }

  /** Below what the log holds, above what is on its way. @param {Node} node */
  #append(node) {
    this.#log.insertBefore(node, this.#log.querySelector(".bubble:not([data-seq])"));
  }

  /** @param {HTMLTimeElement} time */
  #label(time) {
    if (!time.dateTime) return;
    time.textContent = timeOfDay(time.dateTime);
    this.#lastDay ||= dayOf(time.dateTime);
  }

  /** @returns {boolean} */
  get #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return clientHeight > 0 && scrollHeight - scrollTop - clientHeight < NEAR_END_PX; // folded away, nobody reads it
  }

  #toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#read();
  }

  #read() {
    if (this.#unread && !document.hidden) this.#count(0);
  }

  /** @param {number} unread */
  #count(unread) {
    this.#unread = unread;
    const jump = /** @type {HTMLElement} */ (this.querySelector("[data-jump]"));
    slot(jump, "[data-slot=count]").textContent = String(unread);
    jump.hidden = unread === 0;
    this.dispatchEvent(new CustomEvent("unread", { detail: unread, bubbles: true }));
  }

  /** @param {string} clientId */
  #shown(clientId) {
    return this.#log.querySelector(`[data-client-id="${CSS.escape(clientId)}"]`);
  }

  /** @param {string} selector */
  #all(selector) {
    return this.#log.querySelectorAll(selector);
  }

  /** @returns {HTMLElement} */
  get #scroller() {
    return /** @type {HTMLElement} */ (this.querySelector("[data-scroller]"));
  }

  /** @returns {HTMLElement} */
  get #log() {
    return /** @type {HTMLElement} */ (this.querySelector("[role=log]"));
  }
}
