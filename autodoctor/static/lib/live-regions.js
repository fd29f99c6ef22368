// @ts-check
/**
 * The one way in which markup of the server comes onto a page that is open: parts of it, each an element with
 * `data-region` and an id, are rendered by the server anew and put in place.
 *
 * One question is asked at a time: asked again meanwhile, it is asked once more afterwards. What failed is tried again,
 * what hangs is asked anew, and who is signed out is led to sign in. Nothing is put in place under a finger, for a while:
 * a button that moves while it is pressed swallows the tap.
 */
import { renew } from "lib/renew";
import { leadToSignIn } from "lib/signed-out";
import { wordsOf } from "lib/templates";

/**
 * @typedef {object} RegionOptions
 * @property {() => string | URL} address  where the server renders the parts
 * @property {(hasChanged: boolean) => void} [shown]  they are as the server renders them now
 * @property {() => void} [gone]  the address leads nowhere any more
 * @property {(fresh: Document) => [HTMLElement, HTMLElement][]} [parts]  what stands on the page, and what it is now
 */

const TRY_AGAIN_MS = 3_000;
const HANGS_MS = 4_000; // longer than a slow line needs, shorter than what happened may stay unseen
const PATIENT_MS = 32_000; // a line may be slower still
const HELD_AT_MOST_MS = 1_500; // longer than a tap
const CLICK_FOLLOWS_MS = 50;
const TAP_ENDS = ["pointerup", "pointercancel", "contextmenu", "blur"];
const TOO_MANY_REQUESTS = 429;

export class LiveRegions {
  /** What the server sent last. @type {WeakMap<HTMLElement, string>} */
  #served = new WeakMap();
  #root;
  #address;
  #shown;
  #gone;
  #parts;
  #isAsked = false;
  #isRunning = false;
  #isStopped = false;
  /** How long an answer may take: twice as long after each that took longer. */
  #patience = HANGS_MS;
  /** Names what the server sent last, where it says so. @type {string | null} */
  #tag = null;
  /** Settled when the click has come that follows the finger that is lifted. @type {Promise<void> | null} */
  #tap = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #again;

  /**
   * Call before anything changes the markup.
   * @param {HTMLElement} root
   * @param {RegionOptions} options
   */
  constructor(root, { address, shown = () => {}, gone = () => {}, parts = withSameId }) {
    this.#root = root;
    this.#address = address;
    this.#shown = shown;
    this.#gone = gone;
    this.#parts = parts;
    for (const region of regionsOf(root)) this.#served.set(region, region.innerHTML);
    root.addEventListener("pointerdown", (event) => {
      if (event.isPrimary && event.button === 0) this.#touch();
    });
  }

  /** Have the server render the parts anew. */
  async refresh() {
    this.#isStopped = false;
    this.#isAsked = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    clearTimeout(this.#again);
    try {
      while (this.#isAsked) {
        this.#isAsked = false;
        await this.#fetch();
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** What is on its way is not shown any more. */
  stop() {
    this.#isStopped = true;
    clearTimeout(this.#again);
  }

  /** @param {string} markup  the same parts as the server renders them now */
  swap(markup) {
    const fresh = new DOMParser().parseFromString(markup, "text/html");
    const changed = this.#parts(fresh).filter(([present, part]) => this.#served.get(present) !== part.innerHTML);
    for (const [present, part] of changed) {
      this.#served.set(present, part.innerHTML);
      renew(present, part, (name) => wordsOf(this.#root, name, "dialog"));
    }
    this.#shown(changed.length > 0);
  }

  async #fetch() {
    const signal = AbortSignal.timeout(this.#patience);
    /** @type {Record<string, string>} */
    const headers = { Accept: "text/html" };
    if (this.#tag) headers["If-None-Match"] = this.#tag;
    const answer = await fetch(this.#address(), { headers, signal }).catch(() => null);
    if (answer?.redirected) return leadToSignIn();
    if (answer?.status === 404) return this.#gone();
    const markup = answer?.status === 200 ? await answer.text().catch(() => null) : "";
    const isRefused = !answer || answer.status >= 500 || answer.status === TOO_MANY_REQUESTS;
    if (!isRefused && markup !== null) await this.#show(markup, answer?.headers.get("ETag") ?? null);
    else if (signal.aborted) this.#askWithMorePatience();
    else this.#tryAgain();
  }

  #askWithMorePatience() {
    this.#patience = Math.min(2 * this.#patience, PATIENT_MS);
    this.#isAsked = !this.#isStopped;
  }

  /** @param {string} markup @param {string | null} tag */
  async #show(markup, tag) {
    await this.#tap;
    if (!markup || this.#isStopped) return;
    this.swap(markup);
    this.#tag = tag;
  }

  /** Some taps have no end that a page hears of: of a menu, of a drag out of the window. */
  #touch() {
    const tap = new Promise((resolve) => {
      const lift = () => setTimeout(resolve, CLICK_FOLLOWS_MS);
      for (const name of TAP_ENDS) addEventListener(name, lift, { once: true });
      setTimeout(resolve, HELD_AT_MOST_MS);
    }).then(() => {
      if (this.#tap === tap) this.#tap = null;
    });
    this.#tap = tap;
  }

  /** Nobody says a second time that it is out of date. */
  #tryAgain() {
    clearTimeout(this.#again);
    if (!this.#isStopped) this.#again = setTimeout(() => this.refresh(), TRY_AGAIN_MS);
  }
}

/** @param {ParentNode} root */
function regionsOf(root) {
  return /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-region]"));
}

/** @param {Document} fresh @returns {[HTMLElement, HTMLElement][]} */
function withSameId(fresh) {
  return [...regionsOf(fresh)].flatMap((region) => {
    const present = document.getElementById(region.id);
    return present ? [/** @type {[HTMLElement, HTMLElement]} */ ([present, region])] : [];
  });
}
