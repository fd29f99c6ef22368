// @ts-check
/**
 * The relay servers of a call: asked for before each look for a way, since their credentials expire.
 *
 * @typedef {import("room/call/peer-link").Ways} Ways
 * @typedef {(anew: boolean) => Promise<Ways | null>} AskWays  `anew`: those of before were refused; null: not to be had now
 */

export class WaySource {
  /** The last that were had. @type {Ways | null} */
  ways = null;

  #ask;
  #patienceMs;
  #refused = false;

  /**
   * @param {AskWays} ask
   * @param {number} patienceMs  what is there has to do when the answer takes longer
   */
  constructor(ask, patienceMs) {
    this.#ask = ask;
    this.#patienceMs = patienceMs;
  }

  /** A relay has refused their credentials. */
  refuse() {
    this.#refused = true;
  }

  /** Fresh ones; null: as before. */
  async renew() {
    const late = new Promise((resolve) => setTimeout(resolve, this.#patienceMs, null));
    const asked = this.#ask(this.#refused).catch(() => null);
    const ways = /** @type {Ways | null} */ (await Promise.race([asked, late]));
    if (!ways) return null;
    this.ways = ways;
    this.#refused = false;
    return ways;
  }
}
