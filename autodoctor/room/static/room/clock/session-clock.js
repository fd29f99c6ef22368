// @ts-check
/**
 * <session-clock>: the time left. It only shows what the server says: `ends_at` and `paused_at` by the server's clock,
 * so that no refresh, no sleep and no wrong clock of the device ever moves it. From `data-warn-seconds` before the end it
 * looks as if time were short, from `data-last-seconds` as if it were over soon.
 */
import { minutesAndSeconds } from "lib/format-time";

const TICK_MS = 250;

/** @typedef {Pick<import("room/wire/frames").Session, "state"|"granted_seconds"|"ends_at"|"paused_at"|"ended_at">} Times */

/**
 * Whole seconds left, as a person counts them: 0 only when the time is over.
 * @param {Times} session
 * @param {number} now  milliseconds since the epoch, by the server's clock
 */
export function secondsLeft(session, now) {
  if (!session.ends_at) return session.granted_seconds;
  const stopped = session.paused_at ?? session.ended_at;
  const left = Date.parse(session.ends_at) - (stopped ? Date.parse(stopped) : now);
  return Math.max(0, Math.ceil(left / 1000));
}

export class SessionClock extends HTMLElement {
  /** @type {Times | null} */
  #session = null;
  /** @type {{ now(): number }} */
  #clock = Date;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;
  #shown = "";

  /**
   * @param {Times} session
   * @param {{ now(): number }} clock
   */
  show(session, clock) {
    this.#session = session;
    this.#clock = clock;
    clearInterval(this.#ticking);
    if (session.ends_at && !session.paused_at && !session.ended_at) {
      this.#ticking = setInterval(() => this.#draw(), TICK_MS);
    }
    this.#draw();
  }

  disconnectedCallback() {
    clearInterval(this.#ticking);
  }

  #draw() {
    const session = this.#session;
    if (!session) return;
    const left = secondsLeft(session, this.#clock.now());
    const shown = minutesAndSeconds(left);
    if (shown !== this.#shown) this.textContent = this.#shown = shown;
    const runs = Boolean(session.ends_at && !session.ended_at && !session.paused_at);
    const isLast = runs && left <= Number(this.dataset.lastSeconds);
    this.classList.toggle("countdown--paused", Boolean(session.paused_at));
    this.classList.toggle("countdown--warn", runs && !isLast && left <= Number(this.dataset.warnSeconds));
    this.classList.toggle("countdown--last", isLast);
  }
}
