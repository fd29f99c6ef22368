// @ts-check
/**
 * <thin-line hidden>: what is offered while the picture of the call is poor: the owner of the car sends a photo or a short
 * film instead, the mechanic asks for them in the chat. Dismissed, it stays away for a while.
 *
 * Its markup is `room/parts/thin_line.html`. A button `data-ask="<name>"` writes the words of that name into the chat.
 */
import { focusOn } from "lib/focus";
import { wordsOf } from "lib/templates";
import { toast } from "lib/toasts";

const AWAY_MS = 5 * 60_000; // after it was dismissed

export class ThinLine extends HTMLElement {
  #leaving = new AbortController();
  #isPoor = false;
  #dismissedAt = -Infinity;
  /** @type {import("room/wire/channel").Channel | null} */
  #channel = null;

  connectedCallback() {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)), { signal });
    document.addEventListener("picture", (event) => this.#judged(/** @type {CustomEvent} */ (event).detail), {
      signal,
    });
  }

  disconnectedCallback() {
    this.#leaving.abort();
  }

  /** @param {import("room/wire/channel").Channel} channel */
  follow(channel) {
    this.#channel = channel;
  }

  /** @param {{ isPoor: boolean }} picture */
  #judged({ isPoor }) {
    this.#isPoor = isPoor;
    this.#draw();
  }

  /** @param {Element} target */
  #clicked(target) {
    const asks = /** @type {HTMLElement | null} */ (target.closest("[data-ask]"))?.dataset.ask;
    if (asks) this.#ask(asks);
    if (target.closest("[data-dismiss]")) this.#dismiss();
  }

  /** @param {string} what */
  #ask(what) {
    this.#channel?.say(wordsOf(this, what));
    toast(wordsOf(this, "asked"), "info");
    this.#dismiss();
  }

  #dismiss() {
    this.#dismissedAt = Date.now();
    this.#draw();
    focusOn(document.querySelector("video-stage [data-act]"), { scrolls: false }); // the pressed button is not there any more
  }

  #draw() {
    this.hidden = !this.#isPoor || Date.now() - this.#dismissedAt < AWAY_MS;
  }
}
