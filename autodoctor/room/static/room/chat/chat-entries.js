// @ts-check
/** Makes the rows of a chat: messages, files and notes, out of the page's `template`s. It does not know where they stand. */
import { describe } from "lib/file-format";
import { dayOf, spanOfTime, timeOfDay } from "lib/format-time";
import { linked } from "lib/links";

/** @typedef {import("room/wire/frames").LogEvent} LogEvent */
/** @typedef {import("room/wire/outbox").Unsent} Unsent */

export class ChatEntries {
  #templates;
  #me;
  #files;

  /**
   * @param {ParentNode} templates
   * @param {{ me: string, files: string }} options  who looks, and the address under which the session's files are
   */
  constructor(templates, { me, files }) {
    this.#templates = templates;
    this.#me = me;
    this.#files = files;
  }

  /** Null for what has no row. @param {LogEvent} event */
  of(event) {
    if (event.kind === "message.posted") return this.#message(event);
    return event.kind === "file.shared" ? this.#file(event) : this.#note(event);
  }

  /** What is not in the log yet. @param {Unsent} entry */
  unsent(entry) {
    const bubble = this.#bubble(entry.text, true);
    bubble.classList.add(entry.state === "failed" ? "bubble--failed" : "bubble--pending");
    bubble.dataset.clientId = entry.client_id;
    bubble.dataset.delivery = entry.state;
    if (entry.code) bubble.dataset.code = entry.code;
    if (entry.detail) slot(bubble, "[data-slot=why]").textContent = entry.detail;
    if (entry.state === "failed") slot(bubble, "[data-when=failed]").role = "alert";
    return bubble;
  }

  unread() {
    return this.#clone("unread");
  }

  /** @param {string} at */
  day(at) {
    const day = this.#clone("day");
    day.textContent = dayOf(at);
    return day;
  }

  /** A file was removed: it goes, and where it stood says so. @param {Element} bubble */
  takeAway(bubble) {
    const gone = /** @type {HTMLTemplateElement} */ (this.#template("gone")).content.cloneNode(true);
    slot(bubble, "[data-slot=file]").replaceChildren(gone);
  }

  /** @param {LogEvent} event */
  #message(event) {
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
    describe(bubble, file, this.#files);
    return this.#sign(bubble, event);
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
    setTime(bubble, event.at);
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
    setTime(note, event.at);
    return note;
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
    const selector = value ? `template[data-${name}="${CSS.escape(value)}"]` : `template[data-${name}]`;
    return this.#templates.querySelector(selector);
  }
}

/**
 * @param {ParentNode} parent
 * @param {string} selector
 */
export function slot(parent, selector) {
  return /** @type {HTMLElement} */ (parent.querySelector(selector));
}

/**
 * @param {HTMLElement} node
 * @param {string} at
 */
function setTime(node, at) {
  const time = /** @type {HTMLTimeElement} */ (node.querySelector("time"));
  time.dateTime = at;
  time.textContent = timeOfDay(at);
}

/** What was left on the clock when this happened. @param {LogEvent} event */
export function timeLeft({ at, data }) {
  const ends = data.session?.ends_at;
  return ends ? spanOfTime(Math.round((Date.parse(ends) - Date.parse(at)) / 1000)) : "";
}
