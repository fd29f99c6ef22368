// @ts-check
/** The server's clock, as well as it can be known here: the answer that came back fastest says the most. */

const KEPT = 8;
const SLACK_MS = 50;

/** @typedef {{ offset: number, trip: number }} Sample  milliseconds */

export class ServerClock {
  /** @type {Sample[]} */
  #samples = [];
  #askedAt = Date.now();
  #unanswered = 0;

  /** @param {string} [rendered]  the server's time when it wrote the page: a first guess */
  constructor(rendered) {
    if (rendered) this.#samples.push({ offset: Date.parse(rendered) - Date.now(), trip: Infinity });
  }

  /** Milliseconds since the epoch, by the server's clock. */
  now() {
    return Date.now() + this.#best().offset;
  }

  /** Questions that were open will not be answered any more. */
  reset() {
    this.#unanswered = 0;
  }

  /** A question that is answered with the time leaves now. Behind an open one, it is unclear whose answer comes. */
  asked() {
    this.#askedAt = this.#unanswered ? NaN : Date.now();
    this.#unanswered += 1;
  }

  /** @param {string} time  ISO 8601 */
  heard(time) {
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    const trip = Date.now() - this.#askedAt;
    if (Number.isNaN(trip)) return;
    const sample = { offset: Date.parse(time) + trip / 2 - Date.now(), trip };
    const best = this.#best();
    // Further apart than both answers can be wrong: this device's clock was set, or slept.
    if (Math.abs(sample.offset - best.offset) > sample.trip + best.trip + SLACK_MS) this.#samples = [];
    this.#samples = [...this.#samples, sample].slice(-KEPT);
  }

  /** @returns {Sample} */
  #best() {
    return this.#samples.reduce((best, sample) => (sample.trip <= best.trip ? sample : best), {
      offset: 0,
      trip: Infinity,
    });
  }
}
