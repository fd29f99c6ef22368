// @ts-check
/** Estimates the server's clock: the fastest answer is the most precise. */

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

  /** Drop the open questions, which will get no answer. */
  reset() {
    this.#unanswered = 0;
  }

  /** Note the time of a question. During an open question it is unclear which one the answer belongs to. */
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
    // The difference exceeds both errors: this device's clock was set, or the device slept.
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
