// @ts-check
/**
 * What somebody has typed and the server does not have yet. It stays on this device, also when the tab is closed, until
 * it is sent or its writer signs out. Without storage in the browser nothing is kept, and the page still works.
 */

const PREFIX = "typed:";
const PLACES = "typed-at:";

/** @typedef {{ path: string, by: string }} Place  of what is kept: on which page, and by whom; empty for a visitor */

/** @param {string} key */
export function recall(key) {
  return quietly(() => localStorage.getItem(PREFIX + key)) ?? "";
}

/**
 * An empty text is forgotten.
 * @param {string} key  names the writer, too: others may sign in on this device
 * @param {string} text
 */
export function keep(key, text) {
  /** @type {Place} */
  const place = { path: location.pathname, by: document.documentElement.dataset.me ?? "" };
  quietly(() => put(PREFIX + key, text));
  quietly(() => put(PLACES + key, text && JSON.stringify(place)));
}

/** Where the text of this key was typed; null if nobody knows. @param {string} key @returns {Place | null} */
export function placeOf(key) {
  return quietly(() => JSON.parse(localStorage.getItem(PLACES + key) ?? "null"));
}

/** The keys of what is kept whose names begin so. @param {string} [start] */
export function kept(start = "") {
  const keys = quietly(() => Object.keys(localStorage)) ?? [];
  return keys.filter((key) => key.startsWith(PREFIX + start)).map((key) => key.slice(PREFIX.length));
}

/** Everything on this device, and what this tab remembers. */
export function forgetEverything() {
  for (const key of kept()) keep(key, "");
  quietly(() => sessionStorage.clear());
}

/** @param {string} name @param {string} text */
function put(name, text) {
  if (text) localStorage.setItem(name, text);
  else localStorage.removeItem(name);
}

/**
 * For browsers that keep nothing.
 * @template T
 * @param {() => T} act
 * @returns {T | null}
 */
export function quietly(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
