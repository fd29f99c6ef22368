// @ts-check
/**
 * Films that this browser cannot show (HEVC of a phone, for example): their place says so and offers the download.
 *
 * Such a film either fails to load or plays its sound under a black picture.
 */
import { filled } from "lib/templates";

const PATIENCE_MS = 10_000;
const BROKEN = 3; // and above: decoding failed, or no such decoder (MediaError)

/**
 * Watch every film of the page that has an address, and look at those that failed before this script ran.
 *
 * @param {() => HTMLTemplateElement | null} words  with an `a[data-film]` that gets the address of the download
 * @param {AbortSignal} signal
 */
export function watchFilms(words, signal) {
  for (const name of ["error", "loadedmetadata"]) {
    document.addEventListener(name, ({ target }) => void look(target, words), { capture: true, signal });
  }
  for (const film of document.querySelectorAll("video[src]")) void look(film, words);
}

/**
 * @param {EventTarget | null} film
 * @param {() => HTMLTemplateElement | null} words
 */
async function look(film, words) {
  if (!(film instanceof HTMLVideoElement) || !film.hasAttribute("src")) return;
  const isBlack = !film.error && film.readyState > 0 && film.videoWidth === 0;
  if (!isBlack && !((film.error?.code ?? 0) >= BROKEN && (await isThere(film.src)))) return;
  const said = filled(words());
  const link = /** @type {HTMLAnchorElement} */ (said.querySelector("a[data-film]"));
  link.href = `${film.src}?download=1`;
  film.replaceWith(said);
}

/** A file that was removed fails in the same way. @param {string} address */
export async function isThere(address) {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const answer = await fetch(address, { method: "HEAD", redirect: "manual", signal }).catch(() => null);
  return Boolean(answer && (answer.ok || answer.type === "opaqueredirect"));
}
