// @ts-check
/**
 * Whoever signs out in one tab leaves nothing to read in the others: what is typed is forgotten, and every page of theirs
 * is covered. A page that loses its access in another way is covered, too, but keeps what is typed.
 */
import { forgetFiles } from "lib/kept-files";
import { forgetKeptPages } from "lib/offline";
import { setTitle } from "lib/title";
import { forgetEverything } from "lib/typed-text";

const tabs = new BroadcastChannel("sign-out");
let isGoing = false;

/** Load the page anew, which leads to the sign-in, unless its person has just signed out here and another page comes. */
export function leadToSignIn() {
  if (!isGoing) location.reload();
}

document.addEventListener("submit", ({ target }) => {
  if (!(target instanceof HTMLFormElement) || !("signOut" in target.dataset)) return;
  isGoing = true;
  forget();
  tabs.postMessage(null);
});

addEventListener("pageshow", () => (isGoing = false));

tabs.addEventListener("message", () => {
  forget();
  cover();
});

function forget() {
  forgetEverything();
  forgetFiles();
  forgetKeptPages();
}

/** Put a word about signing in in the place of the page. Its elements give back what they hold as they go. */
export function cover() {
  const words = /** @type {HTMLTemplateElement | null} */ (document.querySelector("template[data-signed-out]"));
  const main = document.getElementById("main");
  if (!words || !main) return;
  main.replaceChildren(words.content.cloneNode(true));
  const link = main.querySelector("a");
  if (link) link.search = new URLSearchParams({ next: location.pathname + location.search }).toString();
  document.body.replaceChildren(main);
  document.body.className = "";
  setTitle(main.querySelector("h1")?.textContent ?? "");
  main.focus();
}
