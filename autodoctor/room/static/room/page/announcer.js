// @ts-check
/**
 * The notices of a session's page: what happened is said aloud, once, and where the page's own line would not be seen, above
 * everything. What was not seen is counted on the button that opens the chat, and before the page's title. The words are
 * `template`s of the page.
 */
import { attend, callAttention, sound } from "lib/attention";
import { filled, templateOf, wordsOf } from "lib/templates";
import { isLookedAt, markTitle, plainTitle, setTitle } from "lib/title";
import { toast } from "lib/toasts";
import { timeLeft } from "room/chat/chat-entries";

/** @typedef {import("room/wire/frames").LogEvent} LogEvent */

const LAST_WARNING = "session.warn_last"; // the rule that tells for the last time that the end is near

const SHOWN_LETTERS = 140; // of a message, in a notice

export class Announcer {
  #room;
  /** Calls to do something in the state in which the session is. @type {Element[]} */
  #calls = [];
  #title = plainTitle();
  #unread = 0;

  /** @param {HTMLElement} room */
  constructor(room) {
    this.#room = room;
    attend();
  }

  /** @param {LogEvent} event */
  event(event) {
    if (event.kind === "session.warned") this.#warn(event);
    this.#call(event);
  }

  /** The session is in another state: nobody is called to what was to be done in the last one. */
  moveOn() {
    if (this.#calls.length) markTitle("");
    for (const call of this.#calls.splice(0)) call.remove();
  }

  /**
   * A message or a file was not seen where it stands.
   * @param {{ event: LogEvent, isCovered: boolean }} unseen  `isCovered`: the chat is folded away, or behind a full screen
   */
  unseen({ event, isCovered }) {
    if (!isLookedAt() || isCovered) sound("message");
    if (!isCovered) return; // the log itself is read out
    const slots = { who: event.by?.name ?? "", text: shortened(event.data.text ?? "") };
    toast(this.#sentence(event.kind, slots));
  }

  /** How many messages were not seen. @param {number} count */
  set unread(count) {
    this.#unread = count;
    this.#drawUnread();
  }

  /** What this session is called now, before the site's name. @param {string} title */
  set title(title) {
    this.#title = plainTitle().replace(/^(\(\d+\) )?.*?( · |$)/, `${title}$2`);
    this.#drawUnread();
  }

  #drawUnread() {
    const count = this.#unread;
    const badge = /** @type {HTMLElement | null} */ (this.#room.querySelector("[data-unread]"));
    if (badge) Object.assign(badge, { hidden: !count, textContent: String(count) });
    setTitle(count ? `(${count}) ${this.#title}` : this.#title);
  }

  /** The session is over. The panel says more as soon as the server has rendered it. */
  ended() {
    sound("ended");
    toast(wordsOf(this.#room, "over", "announce"));
  }

  /** What was asked for did not work. @param {string} [why]  in the server's words */
  failed(why) {
    toast(why || wordsOf(this.#room, "failed", "announce"), "error");
  }

  /** @param {string} text */
  say(text) {
    /** @type {HTMLElement} */ (this.#room.querySelector("[data-announcer]")).textContent = text.trim();
  }

  /** @param {LogEvent} event */
  #warn(event) {
    sound(event.data.rule === LAST_WARNING ? "last" : "warning");
    this.#tell(this.#sentence("warned", { left: timeLeft(event) }));
  }

  /** In a full screen only a notice is seen. @param {string} words */
  #tell(words) {
    if (document.fullscreenElement) toast(words);
    else this.say(words);
    if (!isLookedAt()) markTitle(words);
  }

  /**
   * Some news are worth calling somebody for. A dialog says them, or while the session runs a banner, with a button that a
   * notice would cover.
   * @param {LogEvent} event
   */
  #call({ kind, data, by }) {
    if (by?.id === this.#room.dataset.me) return;
    const call = (data.rule && templateOf(this.#room, "call", data.rule)) || templateOf(this.#room, "call", kind);
    if (!call) return;
    const isInBanner = this.#room.dataset.stage === "live" && !document.fullscreenElement;
    const inPlace = isInBanner || call.hasAttribute("data-in-dialog");
    const shown = callAttention(call.content.textContent?.trim() ?? "", { inPlace });
    if (shown) this.#calls.push(shown);
  }

  /**
   * @param {string} name
   * @param {Record<string, string>} slots
   */
  #sentence(name, slots) {
    return filled(templateOf(this.#room, "announce", name), slots).textContent?.trim() ?? "";
  }
}

/** @param {string} text */
function shortened(text) {
  const letters = [...text];
  return letters.length > SHOWN_LETTERS ? `${letters.slice(0, SHOWN_LETTERS).join("")}…` : text;
}
