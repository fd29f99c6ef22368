// @ts-check
/**
 * Whether the picture of a call has been poor for so long that something else would show more. Independent of call and
 * page: `look` takes what is seen, and the time.
 *
 * @typedef {object} Seen
 * @property {boolean} isConnected
 * @property {0|1|2|3} bars  as `LinkQuality` judges; 0: nothing arrives
 * @property {number} rung  of `LADDER`: what this side sends
 * @property {number} height  of the picture that arrives, in pixels; 0: none
 * @property {boolean} isSending  this side's camera is on
 * @property {boolean} isReceiving  the other side's camera is on
 * @property {boolean} isThin  the other side sends sound only, because the line bears no more
 */

const POOR_MS = 10_000;
const BRIEF_MS = 2_000; // a better moment that is shorter does not count
const GOOD_MS = 20_000; // for so long it has to be better before nothing is offered any more
const POOR_HEIGHT = 180; // pixels, and below
const POOR_RUNG = 3; // of `LADDER`, and further down

export class PoorPicture {
  isOffered = false;
  #wasConnected = false;
  /** @type {number | null} */
  #poorSince = null;
  /** @type {number | null} */
  #goodSince = null;

  /**
   * Whether something else is to be offered.
   * @param {Seen} seen
   * @param {number} now  milliseconds
   */
  look(seen, now) {
    this.#wasConnected ||= seen.isConnected;
    if (this.#wasConnected && isPoor(seen)) {
      this.#goodSince = null;
      this.#poorSince ??= now;
      this.isOffered ||= now - this.#poorSince >= POOR_MS;
    } else {
      this.#goodSince ??= now;
      if (now - this.#goodSince < (this.isOffered ? GOOD_MS : BRIEF_MS)) return this.isOffered;
      this.#poorSince = null;
      this.isOffered = false;
    }
    return this.isOffered;
  }
}

/** @param {Seen} seen */
function isPoor({ isConnected, bars, rung, height, isSending, isReceiving, isThin }) {
  if (!isConnected) return true;
  const arrivesPoorly = isReceiving && (bars === 0 || (height > 0 && height <= POOR_HEIGHT));
  const leavesPoorly = isSending && rung >= POOR_RUNG;
  return isThin || arrivesPoorly || leavesPoorly || (bars === 1 && (isSending || isReceiving));
}
