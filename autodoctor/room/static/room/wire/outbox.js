// @ts-check
/**
 * Messages that are not in the log yet. The tab's storage keeps them, too, so that a reload loses nothing.
 *
 * @typedef {object} Unsent
 * @property {string} client_id  stays the same however often it is sent: the server stores it once
 * @property {string} text
 * @property {"sending"|"failed"} state
 * @property {string} [code]  why it failed, as the server names it
 * @property {string} [detail]  the same as a sentence
 */
export class Outbox {
  /** @type {Map<string, Unsent>} */
  #entries = new Map();
  #storage;
  #key;

  /**
   * @param {Pick<Storage, "getItem"|"setItem"|"removeItem">} storage
   * @param {string} key  names the writer, too: somebody else may sign in in this tab
   */
  constructor(storage, key) {
    this.#storage = storage;
    this.#key = key;
    for (const entry of JSON.parse(storage.getItem(key) ?? "[]")) this.#entries.set(entry.client_id, entry);
  }

  [Symbol.iterator]() {
    return this.#entries.values();
  }

  get size() {
    return this.#entries.size;
  }

  /** @param {string | null} [id] */
  get(id) {
    return this.#entries.get(id ?? "");
  }

  /** @param {string} text */
  add(text) {
    /** @type {Unsent} */
    const entry = { client_id: crypto.randomUUID(), text, state: "sending" };
    this.#entries.set(entry.client_id, entry);
    this.#keep();
    return entry;
  }

  /**
   * @param {Unsent} entry
   * @param {{ code: string, detail: string }} why
   */
  fail(entry, { code, detail }) {
    Object.assign(entry, { state: "failed", code, detail });
    this.#keep();
  }

  /** @param {Unsent} entry */
  revive(entry) {
    entry.state = "sending";
    delete entry.code;
    delete entry.detail;
    this.#keep();
  }

  /** @param {string} id */
  remove(id) {
    this.#entries.delete(id);
    this.#keep();
  }

  #keep() {
    if (this.#entries.size) this.#storage.setItem(this.#key, JSON.stringify([...this.#entries.values()]));
    else this.#storage.removeItem(this.#key);
  }
}
