// @ts-check
/**
 * Files on their way to a session, kept on this device: a page that is loaded anew goes on with them. One tab at a time
 * sends a file. Together they are bounded in size; a file that finds no room is sent all the same, and lost with its page.
 */
import { forgetFile, keepFile, keptUnder } from "lib/kept-files";
import { WHOLE_BYTES } from "lib/upload";

/** @typedef {import("lib/upload").Upload} Upload */

const KEYS = "upload:";
const MOST_BYTES = 64 * 1024 * 1024;

export class KeptUploads {
  #prefix;
  #mostFileBytes;
  /** The ids of those that this tab keeps, and what gives up the right to send them. @type {Map<string, () => void>} */
  #held = new Map();
  /** @type {Set<string>} */
  #kept = new Set();

  /**
   * @param {string} session
   * @param {number} mostFileBytes  a larger file is not kept: what it is made into is
   */
  constructor(session, mostFileBytes) {
    this.#prefix = `${KEYS}${document.documentElement.dataset.me ?? ""}:${session}:`;
    this.#mostFileBytes = mostFileBytes;
  }

  /** Whether the upload would go on after a reload. @param {Upload} upload */
  has({ id }) {
    return this.#kept.has(id);
  }

  /** @param {Upload} upload */
  async keep({ id, file, name, shot, still }) {
    if (file.size <= WHOLE_BYTES || file.size > this.#mostFileBytes || this.#held.has(id)) return;
    this.#held.set(id, () => undefined);
    if (!(await this.#hold(id)) || !(await hasRoomFor(file))) return;
    if (await keepFile(this.#prefix + id, file, { id, name, shot, still })) this.#kept.add(id);
    if (!this.#held.has(id)) this.forget({ id }); // it was done before it was kept
  }

  /** @param {Pick<Upload, "id">} upload */
  async forget({ id }) {
    this.#held.get(id)?.();
    this.#held.delete(id);
    if (this.#kept.delete(id)) await forgetFile(this.#prefix + id);
  }

  /** Those of this session that no other tab sends. */
  async restore() {
    const found = [];
    for (const { file, about } of await keptUnder(this.#prefix)) {
      if (this.#held.has(about.id) || !(await this.#hold(about.id))) continue;
      if (!this.#held.has(about.id)) this.#held.set(about.id, () => undefined);
      this.#kept.add(about.id);
      found.push({ file, id: about.id, name: about.name, shot: about.shot, still: about.still });
    }
    return found;
  }

  /** The session takes no files any more. */
  async clear() {
    for (const { key } of await keptUnder(this.#prefix)) await forgetFile(key);
  }

  /** Whether this tab may send it: no other one does. @param {string} id @returns {Promise<boolean>} */
  #hold(id) {
    if (!navigator.locks) return Promise.resolve(true);
    return new Promise((resolve) => {
      navigator.locks.request(this.#prefix + id, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock && new Promise((release) => this.#held.set(id, () => release(undefined)));
      });
    });
  }
}

/** @param {File} file */
async function hasRoomFor(file) {
  const kept = await keptUnder(KEYS);
  return kept.reduce((sum, each) => sum + each.file.size, file.size) <= MOST_BYTES;
}
