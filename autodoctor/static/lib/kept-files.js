// @ts-check
/**
 * Files that somebody has picked and that the server does not have yet. They stay on this device, also when the tab is
 * closed, until they are sent, their owner signs out, or a day has passed. Browsers that keep none say so.
 */
import { within } from "lib/patience";
import { quietly } from "lib/typed-text";

const DATABASE = "kept-files";
const STORE = "files";
const OPENS_WITHIN_MS = 5_000; // some browsers open none, and say nothing, until they are started anew
const KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * @typedef {Record<string, string>} About  what is to be known of the file when it is found again
 * @typedef {{ key: string, file: File, about: About, at: number }} Kept  `at`: milliseconds since the epoch
 */

/**
 * Whether it is kept.
 * @param {string} key
 * @param {File} file
 * @param {About} [about]
 */
export async function keepFile(key, file, about = {}) {
  return (await transact("readwrite", (files) => files.put({ key, file, about, at: Date.now() }, key))) !== null;
}

/** What is kept under keys that begin so; what has been kept for too long is forgotten. @param {string} start @returns {Promise<Kept[]>} */
export async function keptUnder(start) {
  const range = quietly(() => IDBKeyRange.bound(start, `${start}\uffff`));
  const found = /** @type {Kept[]} */ ((range && (await transact("readonly", (files) => files.getAll(range)))) ?? []);
  const isOld = (/** @type {Kept} */ { at }) => Date.now() - at >= KEPT_MS;
  await Promise.all(found.filter(isOld).map(({ key }) => forgetFile(key)));
  return found.filter((kept) => !isOld(kept)).sort((one, other) => one.at - other.at);
}

/** @param {string} key @returns {Promise<File | null>} */
export async function recallFile(key) {
  const kept = /** @type {Kept | null} */ ((await transact("readonly", (files) => files.get(key))) ?? null);
  if (!kept) return null;
  if (Date.now() - kept.at < KEPT_MS) return kept.file;
  await forgetFile(key);
  return null;
}

/** @param {string} key */
export async function forgetFile(key) {
  await transact("readwrite", (files) => files.delete(key));
}

/** All of this device. */
export async function forgetFiles() {
  await transact("readwrite", (files) => files.clear());
}

/**
 * What the request answers; null if this browser keeps no files.
 * @param {IDBTransactionMode} mode
 * @param {(files: IDBObjectStore) => IDBRequest} act
 * @returns {Promise<unknown>}
 */
async function transact(mode, act) {
  try {
    const database = await within(OPENS_WITHIN_MS, open());
    const transaction = database.transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = transaction.onabort = reject;
    });
    database.close();
    return request.result;
  } catch {
    return null;
  }
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = quietly(() => indexedDB.open(DATABASE));
    if (!request) return reject();
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = reject;
  });
}
