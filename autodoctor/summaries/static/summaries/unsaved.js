// @ts-check
/**
 * Typed text that the server does not have yet, kept on this device: one copy per window, so that two windows never
 * overwrite each other. Without storage in the browser nothing is kept, and the page still works.
 *
 * @typedef {{ version: string, at: string, fields: [string, string][] }} Copy  `version`: of the draft it grew from
 */

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
    quietly(() => localStorage.setItem(this.#key, JSON.stringify(copy)));
  }

  forget() {
    quietly(() => localStorage.removeItem(this.#key));
  }

  /** Of this window. @returns {Copy | null} */
  own() {
    return quietly(() => JSON.parse(localStorage.getItem(this.#key) ?? "null"));
  }

  /** The newest that a window has left behind. @returns {Copy | null} */
  found() {
    return this.#others()[0]?.copy ?? null;
  }

  forgetOthers() {
    for (const { key } of this.#others()) quietly(() => localStorage.removeItem(key));
  }

  /** @returns {{ key: string, copy: Copy }[]} */
  #others() {
    const all = quietly(() =>
      Object.keys(localStorage)
        .filter((key) => key.startsWith(this.#prefix) && key !== this.#key)
        .map((key) => ({ key, copy: JSON.parse(localStorage.getItem(key) ?? "null") })),
    );
    return (all ?? []).filter(({ copy }) => copy).sort((a, b) => b.copy.at.localeCompare(a.copy.at));
  }
}

/** A name of the window that survives a reload. */
function thisWindow() {
  const known = quietly(() => sessionStorage.getItem("window"));
  const name = known ?? crypto.randomUUID();
  quietly(() => sessionStorage.setItem("window", name));
  return name;
}

/**
 * @template T
 * @param {() => T} act
 * @returns {T | null}
 */
function quietly(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
