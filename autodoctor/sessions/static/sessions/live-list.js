// @ts-check
/**
 * <live-list what="queue" hx-get="…" hx-trigger="changed">: a list that htmx fetches again when the feed says that this
 * is out of date. With `alerts`, the words of <template class="live-list__news"> beside it are said for every new
 * [data-request] in it, with its [data-news]; with `quiet` without a sound.
 */
import { callAttention } from "sessions/attention";
import { feed } from "sessions/feed";

export class LiveList extends HTMLElement {
  #served = "";
  /** @type {Set<string>} */
  #known = new Set();
  #pressed = false;

  connectedCallback() {
    this.#served = this.innerHTML;
    this.#known = new Set(this.#requests().keys());
    feed.addEventListener("changed", this);
    this.addEventListener("htmx:beforeSwap", this);
    this.addEventListener("htmx:afterSwap", this);
    this.addEventListener("pointerdown", this);
    for (const release of ["pointerup", "pointercancel"]) addEventListener(release, this);
    feed.start();
  }

  disconnectedCallback() {
    feed.removeEventListener("changed", this);
    for (const release of ["pointerup", "pointercancel"]) removeEventListener(release, this);
  }

  /** @param {Event} event */
  handleEvent(event) {
    const { detail } = /** @type {CustomEvent} */ (event);
    if (event.type === "changed") this.#refresh(detail);
    else if (event.type === "htmx:beforeSwap") this.#compare(detail);
    else if (event.type === "htmx:afterSwap") this.#notice();
    else this.#touch(event.type === "pointerdown");
  }

  /** @param {string | null} what  nothing: anything may have changed */
  #refresh(what) {
    if (!what || what === this.getAttribute("what")) this.dispatchEvent(new CustomEvent("changed"));
  }

  /**
   * What is the same stays, and nothing goes under a finger: a button replaced while it is pressed swallows the tap.
   * @param {{ serverResponse: string, shouldSwap: boolean }} answer
   */
  #compare(answer) {
    const fresh = document.createElement("template");
    fresh.innerHTML = answer.serverResponse;
    if (this.#pressed || fresh.innerHTML === this.#served) answer.shouldSwap = false;
    else if (answer.shouldSwap) this.#served = fresh.innerHTML;
  }

  /** @param {boolean} pressed */
  #touch(pressed) {
    const released = this.#pressed && !pressed;
    this.#pressed = pressed;
    // After the click that follows the release: what was held back meanwhile is fetched again.
    if (released) setTimeout(() => this.#refresh(null));
  }

  #notice() {
    const requests = this.#requests();
    const added = [...requests].find(([id]) => !this.#known.has(id));
    this.#known = new Set(requests.keys());
    if (!added || !this.hasAttribute("alerts")) return;
    const news = /** @type {HTMLTemplateElement | null} */ (document.querySelector(".live-list__news"));
    const words = [news?.content.textContent?.trim(), added[1]].filter(Boolean).join(": ");
    callAttention(words, { quiet: this.hasAttribute("quiet") });
  }

  /** What is in it that may be news, with the words about each. */
  #requests() {
    const found = /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-request]"));
    return new Map([...found].map(({ dataset }) => [dataset.request ?? "", dataset.news]));
  }
}

/** <feed-status hidden>: shown while the line is down for longer than a moment. */
export class FeedStatus extends HTMLElement {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;

  connectedCallback() {
    feed.addEventListener("open", this);
    feed.addEventListener("lost", this);
  }

  /** @param {Event} event */
  handleEvent(event) {
    clearTimeout(this.#patience);
    if (event.type === "open") this.hidden = true;
    else this.#patience = setTimeout(() => (this.hidden = false), 3_000);
  }
}
