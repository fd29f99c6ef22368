// @ts-check
/**
 * <chat-log>: what was said, what happened, and the field to write in. Rows that are in the log stand in its order; what
 * is on its way stands below them and moves up when the log confirms it. All words and markup are the page's.
 */
import { Composer } from "room/chat/composer";
import { describe } from "lib/file-format";
import { linked } from "lib/links";
import { dayOf, spanOfTime, timeOfDay } from "lib/format-time";

/** @typedef {import("room/wire/channel").Channel} Channel */
/** @typedef {import("room/wire/frames").LogEvent} LogEvent */
/** @typedef {import("room/wire/outbox").Unsent} Unsent */

const NEAR_END_PX = 80;
const TYPING_SHOWN_MS = 5_000;

export class ChatLog extends HTMLElement {
  #me = "";
  #unread = 0;
  #lastDay = "";
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
    const node = this.#node(event);
    if (!node) return;
    const stay = !this.#isAtEnd || document.hidden;
    const mine = event.by?.id === this.#me;
    if (stay && !mine && !this.#unread) this.#markUnread();
    this.#appendWithDay(node, event.at);
    if (event.by?.role) this.#typing(event.by.role, false);
    if (!stay) this.#toEnd();
    else if (!mine) this.#count(this.#unread + 1);
  }

  /** @param {LogEvent} event */
  #node(event) {
    if (event.kind === "message.posted") return this.#message(event);
    return event.kind === "file.shared" ? this.#file(event) : this.#note(event);
  }

  /** @param {LogEvent} event */
  #message(event) {
    if (event.client_id) this.#shown(event.client_id)?.remove();
    const bubble = this.#bubble(event.data.text ?? "", event.by?.id === this.#me);
    if (event.client_id) bubble.dataset.clientId = event.client_id;
    return this.#sign(bubble, event);
  }

  /** @param {LogEvent} event */
  #file(event) {
    const file = /** @type {import("lib/upload").SharedFile} */ (event.data.file);
    const bubble = this.#clone("shared", file.kind);
    bubble.classList.toggle("bubble--mine", event.by?.id === this.#me);
    bubble.dataset.file = file.id;
    describe(bubble, file, this.dataset.files ?? "");
    return this.#sign(bubble, event);
  }

  /** A file was removed: it goes, and where it stood says so. @param {string} id */
  #takeAway(id) {
    const bubble = this.querySelector(`.bubble[data-file="${CSS.escape(id)}"]`);
    const gone = /** @type {HTMLTemplateElement} */ (this.#template("gone")).content.cloneNode(true);
    if (bubble) slot(bubble, "[data-slot=file]").replaceChildren(gone);
  }

  /**
   * Who said it, and when.
   * @param {HTMLElement} bubble
   * @param {LogEvent} event
   */
  #sign(bubble, event) {
    const mine = event.by?.id === this.#me;
    bubble.classList.toggle("bubble--support", !mine && event.by?.role === "support");
    slot(bubble, ".bubble__name").textContent = event.by?.name ?? "";
    bubble.dataset.by = event.by?.role;
    bubble.dataset.seq = String(event.seq);
    if (mine) bubble.dataset.delivery = "sent";
    this.#setTime(bubble, event.at);
    return bubble;
  }

  /** @param {LogEvent} event */
  #note(event) {
    const mine = event.by?.id === this.#me;
    const line = (mine && this.#template("line", `${event.kind}:you`)) || this.#template("line", event.kind);
    if (!line) return null;
    const note = this.#clone("note");
    slot(note, "[data-slot=line]").append(line.content.cloneNode(true));
    for (const who of note.querySelectorAll("[data-slot=who]")) who.textContent = event.by?.name ?? "";
    for (const left of note.querySelectorAll("[data-slot=left]")) left.textContent = timeLeft(event);
    note.dataset.seq = String(event.seq);
    this.#setTime(note, event.at);
    return note;
  }

  /** Everything that is not in the log yet, below it, in the order in which it was written. */
  #drawUnsent() {
    for (const old of this.#all(".bubble:not([data-seq])")) old.remove();
    for (const entry of this.#channel?.outbox ?? []) this.#log.append(this.#unsent(entry));
    if (!this.#unread) this.#toEnd();
  }

  /** @param {Unsent} entry */
  #unsent(entry) {
    const bubble = this.#bubble(entry.text, true);
    bubble.classList.add(entry.state === "failed" ? "bubble--failed" : "bubble--pending");
    bubble.dataset.clientId = entry.client_id;
    bubble.dataset.delivery = entry.state;
    if (entry.code) bubble.dataset.code = entry.code;
    if (entry.detail) slot(bubble, "[data-slot=why]").textContent = entry.detail;
    if (entry.state === "failed") slot(bubble, "[data-when=failed]").role = "alert";
    return bubble;
  }

  /**
   * @param {string} text
   * @param {boolean} mine
   */
  #bubble(text, mine) {
    const bubble = this.#clone("bubble");
    bubble.classList.toggle("bubble--mine", mine);
    slot(bubble, "[data-slot=text]").append(linked(text));
    return bubble;
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
    this.#append(this.#clone("unread"));
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
    if (this.#lastDay && dayOf(at) !== this.#lastDay) {
      const day = this.#clone("day");
      day.textContent = dayOf(at);
      this.#append(day);
    }
    this.#lastDay = dayOf(at);
    this.#append(node);
  }

  /** Below what the log holds, above what is on its way. @param {Node} node */
  #append(node) {
    this.#log.insertBefore(node, this.#log.querySelector(".bubble:not([data-seq])"));
  }

  /**
   * @param {HTMLElement} node
   * @param {string} at
   */
  #setTime(node, at) {
    const time = /** @type {HTMLTimeElement} */ (node.querySelector("time"));
    time.dateTime = at;
    this.#label(time);
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

  /**
   * @param {string} name
   * @param {string} [value]
   */
  #clone(name, value) {
    const content = /** @type {HTMLTemplateElement} */ (this.#template(name, value)).content.cloneNode(true);
    return /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (content).firstElementChild);
  }

  /**
   * @param {string} name
   * @param {string} [value]
   * @returns {HTMLTemplateElement | null}
   */
  #template(name, value) {
    return this.querySelector(value ? `template[data-${name}="${CSS.escape(value)}"]` : `template[data-${name}]`);
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

/**
 * @param {ParentNode} parent
 * @param {string} selector
 */
function slot(parent, selector) {
  return /** @type {HTMLElement} */ (parent.querySelector(selector));
}

/** What was left on the clock when this happened. @param {LogEvent} event */
export function timeLeft({ at, data }) {
  const ends = data.session?.ends_at;
  return ends ? spanOfTime(Math.round((Date.parse(ends) - Date.parse(at)) / 1000)) : "";
}
