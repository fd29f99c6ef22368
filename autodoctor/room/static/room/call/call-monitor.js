// @ts-check
/**
 * Looks at a call once a second: how good the way is, how much this side should send on it, and whether the other side is
 * seen or heard here.
 *
 * @typedef {import("room/call/link-quality").Verdict} Verdict
 *
 * @typedef {object} MonitorListener
 * @property {(bars: Verdict["bars"], facts: Verdict["facts"]) => void} judged
 * @property {(isOther: boolean) => void} limited  `rung` is another one; `isOther`: sound only, or not any more
 * @property {(receiving: boolean) => void} reported  whether the other side arrives, when that is news
 */
import { LinkQuality, SOUND_ONLY } from "room/call/link-quality";

const LOOK_MS = 1_000;
const FIRST_LOOK_MS = 250; // after it is connected
const SILENT_MS = 3_000; // nothing has arrived for so long: it does not any more
const FIRST_MEDIA_MS = 8_000; // in a session that runs, it should be there by then

export class CallMonitor {
  /** What was last said about the other side's media; null before anything. @type {boolean | null} */
  reported = null;
  /** How much is sent, of `LADDER`; -1: not limited yet. */
  rung = -1;

  #call;
  #quality;
  #isDue;
  #isSilent;
  #listener;
  #startedAt = Date.now();
  #heardAt = this.#startedAt;
  #looks;
  #isStopped = false;

  /**
   * @param {object} options
   * @param {import("room/call/call").Call} options.call
   * @param {number} options.maxHeight  no more is ever sent
   * @param {() => boolean} options.isDue  the session runs: by now the other side should be seen or heard
   * @param {() => boolean} options.isSilent  the other side has switched everything off
   * @param {MonitorListener} listener
   */
  constructor({ call, maxHeight, isDue, isSilent }, listener) {
    this.#call = call;
    this.#quality = new LinkQuality(maxHeight);
    this.#isDue = isDue;
    this.#isSilent = isSilent;
    this.#listener = listener;
    this.#looks = setInterval(() => this.#look(), LOOK_MS);
  }

  get isSoundOnly() {
    return this.rung === SOUND_ONLY;
  }

  stop() {
    this.#isStopped = true;
    clearInterval(this.#looks);
  }

  /** What is sent is to be limited anew: the connection may be another one. */
  forget() {
    this.rung = -1;
  }

  /** The call has come to another state. */
  follow() {
    this.forget();
    this.#quality.reset();
    if (this.#call.state === "connected") setTimeout(() => this.#look(), FIRST_LOOK_MS);
  }

  async #look() {
    if (this.#isStopped) return;
    const now = Date.now();
    const { bars, rung, receiving, facts } = this.#quality.look(await this.#call.stats(), now);
    if (this.#isStopped) return;
    const isConnected = this.#call.state === "connected";
    if (isConnected && (receiving || this.#isSilent())) this.#heardAt = now;
    this.#listener.judged(isConnected ? bars : 0, facts);
    if (rung !== this.rung) this.#limit(rung);
    this.#report(isConnected && now - this.#heardAt < SILENT_MS, now);
  }

  /** @param {number} rung */
  #limit(rung) {
    const wasSoundOnly = this.isSoundOnly;
    this.rung = rung;
    this.#listener.limited(wasSoundOnly !== this.isSoundOnly);
  }

  /**
   * Never false before anything came, unless the session runs and it should be there.
   * @param {boolean} receiving
   * @param {number} now
   */
  #report(receiving, now) {
    const isLate = this.#isDue() && now - this.#startedAt > FIRST_MEDIA_MS;
    const isEarly = this.reported === null && !receiving && !isLate;
    if (isEarly || receiving === this.reported) return;
    this.reported = receiving;
    this.#listener.reported(receiving);
  }
}
