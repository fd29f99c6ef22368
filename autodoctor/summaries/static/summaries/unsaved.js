// @ts-check
/**
 * What is typed in a summary and not saved yet, kept on this device: one copy per window, so that two windows never
 * overwrite each other.
 *
 * @typedef {{ version: string, at: string, fields: [string, string][] }} Copy  `version`: of the draft it grew from
 */
import { keep, kept, recall } from "lib/typed-text";

export class Unsaved {
  #prefix;
  #key;

  /** @param {string} session */
  constructor(session) {
    this.#prefix = `summary:${session}:`;
    this.#key = this.#prefix + thisWindow();
  }

  /** @param {Copy} copy */
  keep(copy) {
    keep(this.#key, JSON.stringify(copy));
  }

  forget() {
    keep(this.#key, "");
  }

  /** Of this window. @returns {Copy | null} */
  own() {
    return read(this.#key);
  }

  /** The newest that a window has left behind. @returns {Copy | null} */
  found() {
    const copies = this.#others().flatMap((key) => read(key) ?? []);
    return copies.sort((a, b) => b.at.localeCompare(a.at))[0] ?? null;
  }

  forgetOthers() {
    for (const key of this.#others()) keep(key, "");
  }

  #others() {
    return kept(this.#prefix).filter((key) => key !== this.#key);
  }
}

/** @param {string} key @returns {Copy | null} */
function read(key) {
  try {
    return JSON.parse(recall(key) || "null");
  } catch {
    return null;
  }
}

/** A name of the window that survives a reload. */
function thisWindow() {
  try {
    const name = sessionStorage.getItem("window") ?? crypto.randomUUID();
    sessionStorage.setItem("window", name);
    return name;
  } catch {
    return crypto.randomUUID();
  }
}
