// @ts-check
/**
 * <chat-log>: what was said, what happened, and the field to write in. Rows that are in the log stand in its order; what
 * is on its way stands below them, where no screen reader announces it, and is replaced by its row when the log confirms
 * it. All words and markup are the page's.
 *
 * Dispatches `unread` (detail: how many messages and files of others were not seen) and `unseen` (detail: the event of
 * one that was not seen, and whether the chat is covered); both bubble.
 */
import { Composer } from "room/chat/composer";
import { ChatEntries } from "room/chat/chat-entries";
import { ReadingPosition } from "room/chat/reading-position";
import { focusOn } from "lib/focus";
import { dayOf, timeOfDay } from "lib/format-time";
import { fill } from "lib/templates";

/** @typedef {import("room/wire/channel").Channel} Channel */
/** @typedef {import("room/wire/frames").LogEvent} LogEvent */

const SAID = new Set(["message.posted", "file.shared"]); // the rest are notes
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
  /** @type {ReadingPosition | null} */
  #position = null;
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
    for (const time of this.#log.querySelectorAll("time")) this.#label(time);
    const form = this.querySelector("form");
    const say = (/** @type {string} */ text) => this.#say(text);
    if (form) this.#composer = new Composer(form, keepAs, say, () => channel.typing());
    channel.on("event", (event) => this.#event(event));
    channel.on("outbox", () => this.#drawUnsent());
    channel.on("typing", ({ role }) => role !== channel.you?.role && this.#typing(role));
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    this.#position = new ReadingPosition(this.#scroller, () => this.#unread && this.#count(0));
    for (const entry of channel.outbox) if (this.#shown(entry.client_id)) channel.outbox.remove(entry.client_id);
    this.#drawUnsent();
    this.#position.toEnd();
  }

  /** Whether the session takes messages now, before, or no more. @param {"before"|"open"|"over"} phase */
  set phase(phase) {
    this.dataset.phase = phase;
    this.#composer?.setOpen(phase === "open");
  }

  /** Keep the reader's place. Call after the layout has changed. */
  settle() {
    this.#position?.settle();
  }

  /** @param {LogEvent} event */
  #event(event) {
    if (event.kind === "file.removed") this.#takeAway(event.data.file?.id ?? "");
    const node = this.#entries.of(event);
    if (!node) return;
    this.settle();
    if (document.hidden) this.#position?.stay();
    const isNews = SAID.has(event.kind) && event.by?.id !== this.#me && !this.#position?.sees;
    if (isNews && !this.#unread) this.#markUnread();
    this.#appendWithDay(node, event.at);
    if (event.by?.role) this.#typing(event.by.role, false);
    this.settle();
    if (isNews) this.#tellUnseen(event);
  }

  /** @param {LogEvent} event */
  #tellUnseen(event) {
    this.#count(this.#unread + 1);
    const detail = { event, isCovered: this.#position?.isCovered };
    this.dispatchEvent(new CustomEvent("unseen", { detail, bubbles: true }));
  }

  /** @param {string} id  of a file that was removed */
  #takeAway(id) {
    const bubble = this.querySelector(`.bubble[data-file="${CSS.escape(id)}"]`);
    if (bubble) this.#entries.takeAway(bubble);
  }

  /** Everything that is not in the log yet, in the order in which it was written. */
  #drawUnsent() {
    const unsent = new Map([...(this.#channel?.outbox ?? [])].map((entry) => [entry.client_id, entry]));
    for (const old of this.#unsentBubbles) if (!unsent.has(old.dataset.clientId ?? "")) old.remove();
    const drawn = new Map(this.#unsentBubbles.map((bubble) => [bubble.dataset.clientId, bubble]));
    for (const entry of unsent.values()) {
      const bubble = drawn.get(entry.client_id);
      if (bubble) this.#entries.deliver(bubble, entry);
      else this.#unsent.append(this.#entries.unsent(entry));
    }
    this.settle();
  }

  /** @param {string} text */
  #say(text) {
    this.#forgetMark();
    this.#count(0);
    this.#channel?.say(text);
    this.#position?.toEnd();
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
    const gone = target.closest("[data-again], [data-forget]");
    if (target.closest("[data-again]")) this.#channel?.sayAgain(id);
    if (target.closest("[data-forget]")) this.#channel?.forget(id);
    if (gone) focusOn(this.#scroller, { scrolls: false }); // the button is not there any more
    if (target.closest("[data-jump]")) this.#position?.toEnd();
  }

  /**
   * @param {string} role
   * @param {boolean} [on]
   */
  #typing(role, on = true) {
    const sign = /** @type {HTMLElement | null} */ (this.querySelector(`[data-typing="${role}"]`));
    if (!sign) return;
    clearTimeout(this.#typingEnds);
    sign.hidden = !on;
    if (on) this.#typingEnds = setTimeout(() => (sign.hidden = true), TYPING_SHOWN_MS);
    this.settle();
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

  /** @param {Node} node */
  #append(node) {
    this.#log.append(node);
  }

  /** @param {HTMLTimeElement} time */
  #label(time) {
    if (!time.dateTime) return;
    time.textContent = timeOfDay(time.dateTime);
    this.#lastDay ||= dayOf(time.dateTime);
  }

  /** @param {number} unread */
  #count(unread) {
    this.#unread = unread;
    const jump = /** @type {HTMLElement} */ (this.querySelector("[data-jump]"));
    fill(jump, "count", String(unread));
    jump.hidden = unread === 0;
    this.dispatchEvent(new CustomEvent("unread", { detail: unread, bubbles: true }));
  }

  /** @param {string} clientId */
  #shown(clientId) {
    return this.#log.querySelector(`[data-client-id="${CSS.escape(clientId)}"]`);
  }

  /** @returns {HTMLElement} */
  get #scroller() {
    return /** @type {HTMLElement} */ (this.querySelector("[data-scroller]"));
  }

  /** What is on its way stands here. @returns {HTMLElement} */
  get #unsent() {
    return /** @type {HTMLElement} */ (this.querySelector("[data-unsent]"));
  }

  get #unsentBubbles() {
    return /** @type {HTMLElement[]} */ ([...this.#unsent.children]);
  }

  /** @returns {HTMLElement} */
  get #log() {
    return /** @type {HTMLElement} */ (this.querySelector("[role=log]"));
  }
}
