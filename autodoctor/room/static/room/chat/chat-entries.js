// @ts-check
/** Makes the rows of a chat: messages, files and notes, out of the page's `template`s. It does not know where they stand. */
import { describe } from "lib/file-format";
import { dayOf, spanOfTime, timeOfDay } from "lib/format-time";
import { linked } from "lib/links";
import { copyOf, fill, filled, templateOf } from "lib/templates";
import { explainCodes } from "room/chat/trouble-codes";

/** @typedef {import("room/wire/frames").LogEvent} LogEvent */
/** @typedef {import("room/wire/outbox").Unsent} Unsent */

const ABOUT_MECHANIC = new Set(["session.accepted", "session.taken_over"]);

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
    bubble.dataset.clientId = entry.client_id;
    this.deliver(bubble, entry);
    return bubble;
  }

  /**
   * How its delivery stands.
   * @param {HTMLElement} bubble  of a message that is not in the log yet
   * @param {Unsent} entry
   */
  deliver(bubble, { state, code, detail }) {
    if (bubble.dataset.delivery === state) return;
    bubble.classList.toggle("bubble--failed", state === "failed");
    bubble.classList.toggle("bubble--pending", state !== "failed");
    bubble.dataset.delivery = state;
    bubble.dataset.code = code ?? "";
    const failed = /** @type {HTMLElement} */ (bubble.querySelector("[data-when=failed]"));
    if (state === "failed") failed.role = "alert";
    else failed.removeAttribute("role");
    if (detail) fill(failed, "why", detail);
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
    bubble.querySelector("[data-slot=file]")?.replaceChildren(filled(templateOf(this.#templates, "gone")));
  }

  /** @param {LogEvent} event */
  #message(event) {
    const bubble = this.#bubble(event.data.text ?? "", event.by?.id === this.#me);
    if (event.client_id) bubble.dataset.clientId = event.client_id;
    explainCodes(this.#templates, bubble, event.data.text ?? "");
    return this.#sign(bubble, event);
  }

  /** @param {LogEvent} event */
  #file(event) {
    const file = /** @type {import("lib/upload").SharedFile} */ (event.data.file);
    const bubble = this.#clone("shared", file.kind);
    bubble.classList.toggle("bubble--mine", event.by?.id === this.#me);
    bubble.dataset.file = file.id;
    const still = /** @type {HTMLElement | null} */ (event.data.still && bubble.querySelector("[data-still]"));
    if (still) still.hidden = false;
    fill(bubble, "asked-by", event.data.still?.by ?? "");
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
    /** @type {HTMLElement} */ (bubble.querySelector(".bubble__name")).textContent = event.by?.name ?? "";
    bubble.dataset.by = event.by?.role;
    bubble.dataset.seq = String(event.seq);
    if (mine) bubble.dataset.delivery = "sent";
    setTime(bubble, event.at);
    return bubble;
  }

  /** @param {LogEvent} event */
  #note(event) {
    const mine = event.by?.id === this.#me;
    const ofMe = mine && templateOf(this.#templates, "line", `${event.kind}:you`);
    const line = ofMe || templateOf(this.#templates, "line", event.kind);
    if (!line) return null;
    const note = this.#clone("note");
    const mechanic = ABOUT_MECHANIC.has(event.kind) ? event.data.session?.mechanic : null; // support may have assigned them
    const slots = { who: mechanic?.name ?? event.by?.name ?? "", left: timeLeft(event) };
    note.querySelector("[data-slot=line]")?.append(filled(line, slots));
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
    bubble.querySelector("[data-slot=text]")?.append(linked(text));
    return bubble;
  }

  /**
   * @param {string} name
   * @param {string} [value]
   */
  #clone(name, value) {
    return copyOf(templateOf(this.#templates, name, value));
  }
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
