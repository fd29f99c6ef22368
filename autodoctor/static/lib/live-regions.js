// @ts-check
/**
 * The one way in which markup of the server comes onto a page that is open: parts of it, each an element with
 * `data-region` and an id, are rendered by the server anew and put in place.
 *
 * One question is asked at a time: asked again meanwhile, it is asked once more afterwards. What failed is tried again, and
 * who is signed out is led to sign in. Nothing is put in place under a finger: a button that moves while it is pressed
 * swallows the tap.
 */
import { renew } from "lib/renew";

/**
 * @typedef {object} RegionOptions
 * @property {() => string | URL} address  where the server renders the parts
 * @property {(hasChanged: boolean) => void} [shown]  they are as the server renders them now
 * @property {() => void} [gone]  the address leads nowhere any more
 * @property {(fresh: Document) => [HTMLElement, HTMLElement][]} [parts]  what stands on the page, and what it is now
 */

const TRY_AGAIN_MS = 3_000;
const CLICK_FOLLOWS_MS = 50;
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
  #isTouched = false;
  /** A click follows the finger that is lifted. */
  #clicked = Promise.resolve();
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
    root.addEventListener("pointerdown", () => this.#touch());
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
      renew(present, part, (name) => this.#words(name));
    }
    this.#shown(changed.length > 0);
  }

  async #fetch() {
    const answer = await fetch(this.#address(), { headers: { Accept: "text/html" } }).catch(() => null);
    if (answer?.redirected) return location.reload(); // to sign in
    if (answer?.status === 404) return this.#gone();
    const markup = answer?.status === 200 ? await answer.text().catch(() => null) : "";
    const isRefused = !answer || answer.status >= 500 || answer.status === TOO_MANY_REQUESTS;
    if (isRefused || markup === null) this.#tryAgain();
    else await this.#show(markup);
  }

  /** @param {string} markup */
  async #show(markup) {
    const isHeldBack = this.#isTouched;
    await this.#clicked;
    if (isHeldBack)
      this.#isAsked = true; // it has become an old answer
    else if (markup && !this.#isStopped) this.swap(markup);
  }

  #touch() {
    this.#isTouched = true;
    this.#clicked = new Promise((resolve) => {
      const lift = () => {
        this.#isTouched = false;
        setTimeout(resolve, CLICK_FOLLOWS_MS);
      };
      for (const name of ["pointerup", "pointercancel"]) addEventListener(name, lift, { once: true });
    });
  }

  /** Nobody says a second time that it is out of date. */
  #tryAgain() {
    clearTimeout(this.#again);
    if (!this.#isStopped) this.#again = setTimeout(() => this.refresh(), TRY_AGAIN_MS);
  }

  /** @param {string} name */
  #words(name) {
    const template = /** @type {HTMLTemplateElement | null} */ (
      this.#root.querySelector(`template[data-dialog=${name}]`)
    );
    return template?.content.textContent?.trim() ?? "";
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
