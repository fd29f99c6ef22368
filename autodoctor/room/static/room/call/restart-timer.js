// @ts-check
/**
 * When a call that is not connected tries again, how often on the same connection, and from when on it counts as failed.
 *
 * @typedef {object} RestartTiming  in milliseconds
 * @property {number} firstRestart
 * @property {number} lastRestart  the longest between two tries
 * @property {number} failed
 */

const RESTARTS = 2; // then a new peer connection

export class RestartTimer {
  #timing;
  #isPatient;
  #listener;
  #restarts = 0;
  #notConnectedSince = Date.now();
  /** @type {Record<"restart"|"failed", ReturnType<typeof setTimeout> | undefined>} */
  #timers = { restart: undefined, failed: undefined };

  /**
   * @param {RestartTiming} timing
   * @param {boolean} isPatient  waits a little longer, so that the two sides rarely offer at once
   * @param {{ due: () => void, failed: () => void }} listener
   */
  constructor(timing, isPatient, listener) {
    this.#timing = timing;
    this.#isPatient = isPatient;
    this.#listener = listener;
  }

  /** From now on it is not connected. */
  lost() {
    this.#notConnectedSince = Date.now();
    clearTimeout(this.#timers.failed);
    this.#timers.failed = setTimeout(() => this.#listener.failed(), this.#timing.failed);
  }

  connected() {
    this.stop();
    this.#restarts = 0;
  }

  /** The next try, later each time. */
  plan() {
    clearTimeout(this.#timers.restart);
    const wait = Math.min(this.#timing.lastRestart, this.#timing.firstRestart * 2 ** this.#restarts);
    this.#timers.restart = setTimeout(() => this.#listener.due(), wait + (this.#isPatient ? wait / 3 : 0));
  }

  /** Counts one more try. Returns whether the same connection is worth it. */
  count() {
    if (this.#restarts >= RESTARTS) return false;
    this.#restarts += 1;
    return true;
  }

  /** Not connected for so short a time that what began still may lead somewhere. */
  get isYoung() {
    return Date.now() - this.#notConnectedSince < this.#timing.lastRestart;
  }

  /** There is no connection to mend any more. */
  reset() {
    clearTimeout(this.#timers.restart);
    this.#restarts = 0;
  }

  stop() {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
  }
}
