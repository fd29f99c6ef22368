// @ts-check
/**
 * How the two sides of a call find each other. Each side has an id, and a new one whenever it starts over: then it says
 * `hello`, and the other side makes a new connection too. Every word names both ids: nothing that was meant for an older
 * pair can reach this one.
 *
 * @typedef {object} Word  what two calls say to each other
 * @property {string} from
 * @property {string | null} to  null: to whoever is there
 * @property {boolean} [hello]
 * @property {boolean} [bye]
 * @property {RTCSessionDescriptionInit} [description]
 * @property {RTCIceCandidateInit | null} [candidate]
 *
 * @typedef {object} SignalingListener
 * @property {() => void} met  somebody new: with whom this side was connected is gone
 * @property {() => void} left  the other side has said `bye`
 * @property {(word: Word) => void} heard  of the other side of now
 */

export class CallSignaling {
  #send;
  #listener;
  #helloMs;
  #me = crypto.randomUUID();
  /** @type {string | null} */
  #peer = null;
  /** Earlier ones: what is still on its way from them comes too late. @type {Set<string>} */
  #gone = new Set();
  #isOpen = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hello;

  /**
   * @param {(data: Record<string, unknown>) => void} send
   * @param {number} helloMs  how long nobody answers before this side says once more that it is here
   * @param {SignalingListener} listener
   */
  constructor(send, helloMs, listener) {
    this.#send = send;
    this.#helloMs = helloMs;
    this.#listener = listener;
  }

  open() {
    this.#isOpen = true;
    this.hello();
  }

  close() {
    if (this.#isOpen) this.say({ bye: true }, null);
    this.#isOpen = false;
    clearTimeout(this.#hello);
  }

  /** Another page of this side goes on: no farewell. */
  leave() {
    this.#isOpen = false;
    clearTimeout(this.#hello);
  }

  /** Say that this side is here. */
  hello() {
    if (!this.#isOpen) return;
    clearTimeout(this.#hello);
    this.say({ hello: true }, null);
    if (!this.#peer) this.#hello = setTimeout(() => this.#peer || this.hello(), this.#helloMs);
  }

  /** Under a new id, and with nobody. */
  startOver() {
    this.#peer = null;
    this.#me = crypto.randomUUID();
    this.hello();
  }

  /**
   * @param {Omit<Word, "from"|"to">} word
   * @param {string | null} [to]
   */
  say(word, to = this.#peer) {
    this.#send({ from: this.#me, to, ...word });
  }

  /** What the other side sent. @param {Record<string, unknown>} data */
  receive(data) {
    const word = /** @type {Word} */ (/** @type {unknown} */ (data));
    if (!this.#isOpen || !this.#isMeant(word)) return;
    if (word.bye) return this.#left(word.from);
    if (word.from !== this.#peer) this.#meet(word.from);
    this.#listener.heard(word);
  }

  /** @param {Word} word */
  #isMeant({ from, to }) {
    return typeof from === "string" && !this.#gone.has(from) && (!to || to === this.#me);
  }

  /** This side keeps its id: two that changed theirs for each other's sake would never meet. @param {string} peer */
  #meet(peer) {
    if (this.#peer) this.#gone.add(this.#peer);
    clearTimeout(this.#hello);
    this.#peer = peer;
    this.#listener.met();
  }

  /** @param {string} peer */
  #left(peer) {
    if (peer !== this.#peer) return;
    this.#gone.add(peer);
    this.#peer = null;
    this.#listener.left();
  }
}
