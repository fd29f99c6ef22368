// @ts-check
/** What a session's page says aloud of what happens: its words are `template`s of the page. */
import { callAttention } from "lib/attention";
import { play } from "lib/sounds";
import { timeLeft } from "room/chat/chat-entries";

/** @typedef {import("room/wire/frames").LogEvent} LogEvent */

const LAST_WARNING = "session.warn_last"; // the rule that tells for the last time that the end is near

export class Announcer {
  #room;

  /** @param {HTMLElement} room */
  constructor(room) {
    this.#room = room;
  }

  /** @param {LogEvent} event */
  event(event) {
    if (event.kind === "session.warned") this.#warn(event);
    this.#call(event);
  }

  /** @param {string} text */
  say(text) {
    /** @type {HTMLElement} */ (this.#room.querySelector("[data-announcer]")).textContent = text.trim();
  }

  /** @param {string} name */
  words(name) {
    return this.#template(name).content.textContent ?? "";
  }

  /** @param {LogEvent} event */
  #warn(event) {
    play(event.data.rule === LAST_WARNING ? "last" : "warning");
    const line = /** @type {DocumentFragment} */ (this.#template("warned").content.cloneNode(true));
    for (const left of line.querySelectorAll("[data-slot=left]")) left.textContent = timeLeft(event);
    this.say(line.textContent ?? "");
  }

  /** Some news are worth calling somebody for. @param {LogEvent} event */
  #call({ kind, data, by }) {
    if (by?.id === this.#room.dataset.me) return;
    const [ofRule, ofKind] = [data.rule ?? "", kind].map((name) => `template[data-call="${CSS.escape(name)}"]`);
    const words = this.#room.querySelector(ofRule) ?? this.#room.querySelector(ofKind);
    if (words instanceof HTMLTemplateElement) callAttention(words.content.textContent?.trim() ?? "");
  }

  /** @param {string} name */
  #template(name) {
    return /** @type {HTMLTemplateElement} */ (this.#room.querySelector(`template[data-announce=${name}]`));
  }
}
