// @ts-check
/** Reports a device check to the session: within the server's limit of reports, and always the latest state. */

const SETTLES_MS = 1_200; // checks fail together: they are told together; and the server takes one a second
const PATIENCE_MS = 5_000;

export class PreflightReport {
  #address;
  #token;
  #told = "";
  #toldAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waiting;
  /** @type {Promise<unknown>} One after the other: the server's pace counts from when it heard the one before. */
  #last = Promise.resolve();

  /**
   * @param {string} address
   * @param {string} token  against forgery
   */
  constructor(address, token) {
    this.#address = address;
    this.#token = token;
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
    const answer = await this.#post(body);
    this.#toldAt = performance.now();
    if (answer?.ok) this.#told = body;
    const said = answer && !answer.ok ? await answer.json().catch(() => ({})) : {};
    return { done: Boolean(answer?.ok), detail: said.detail ?? "" };
  }

  /** @param {string} body */
  #post(body) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.#token };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    return fetch(this.#address, { method: "POST", headers, body, signal }).catch(() => null);
  }
}
