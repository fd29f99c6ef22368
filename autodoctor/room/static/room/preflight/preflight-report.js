// @ts-check
/** Reports a device check to the session: within the server's limit of reports, and always the latest state. */

import { send } from "lib/sending";

const SETTLES_MS = 1_200; // checks fail together: they are told together; and the server takes one a second
const PATIENCE_MS = 5_000;

export class PreflightReport {
  #address;
  #told = "";
  #toldAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waiting;
  /** @type {Promise<unknown>} One after the other: the server's pace counts from when it heard the one before. */
  #last = Promise.resolve();

  /** @param {string} address */
  constructor(address) {
    this.#address = address;
  }

  /** In a moment, unless something else is to be told by then. @param {object} facts */
  tell(facts) {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.now(facts), SETTLES_MS);
  }

  stop() {
    clearTimeout(this.#waiting);
  }

  /**
   * @param {object} facts
   * @returns {Promise<{ done: boolean, detail: string }>}  `detail` is the server's sentence
   */
  now(facts) {
    this.stop();
    const told = this.#last.then(() => this.#say(JSON.stringify(facts)));
    this.#last = told;
    return told;
  }

  /** @param {string} body */
  async #say(body) {
    if (body === this.#told) return { done: true, detail: "" };
    const early = this.#toldAt + SETTLES_MS - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const { ok, detail } = await send(this.#address, { body, signal: AbortSignal.timeout(PATIENCE_MS) });
    this.#toldAt = performance.now();
    if (ok) this.#told = body;
    return { done: ok, detail };
  }
}
