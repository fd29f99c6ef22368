// @ts-check
/**
 * <live-list what="queue" src="…">: a list that is fetched again when the feed reports a change of `what`, and with
 * `every="30"` also every 30 seconds. Without `what` nobody is signed in, there is no feed, and the list waits while the
 * page is hidden. The answer is the content, or a page that has the content under the list's id.
 * With `alerts`, the words of <template class="live-list__news"> beside the list announce every new [data-request] with
 * its [data-news]; with `quiet` without a sound. The request carries the list's field "seen": the state that is shown.
 */
import { attend, callAttention } from "lib/attention";
import { feed } from "lib/feed";
import { LiveRegions } from "lib/live-regions";

export class LiveList extends HTMLElement {
  /** @type {Set<string>} */
  #known = new Set();
  #regions = new LiveRegions(this, {
    address: () => this.#address,
    parts: ({ body }) => [[this, (this.id && body.querySelector(`#${CSS.escape(this.id)}`)) || body]],
    shown: () => this.#notice(),
  });
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #every;

  connectedCallback() {
    attend();
    this.#known = new Set(this.#requests().keys());
    const seconds = Number(this.getAttribute("every"));
    if (seconds) this.#every = setInterval(() => this.#isPaused || this.#regions.refresh(), seconds * 1000);
    if (!this.hasAttribute("what")) return document.addEventListener("visibilitychange", this);
    feed.addEventListener("changed", this);
    feed.start();
  }

  disconnectedCallback() {
    feed.removeEventListener("changed", this);
    document.removeEventListener("visibilitychange", this);
    clearInterval(this.#every);
    this.#regions.stop();
  }

  /** Without a `detail` anything may have changed. @param {Event} event */
  handleEvent(event) {
    if (this.#isPaused) return;
    const what = /** @type {CustomEvent<string | null | undefined>} */ (event).detail;
    if (!what || what === this.getAttribute("what")) this.#regions.refresh();
  }

  get #isPaused() {
    return document.hidden && !this.hasAttribute("what");
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

  /** The entries that may be news, with the words about each. */
  #requests() {
    const found = /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-request]"));
    return new Map([...found].map(({ dataset }) => [dataset.request ?? "", dataset.news]));
  }

  get #address() {
    const address = new URL(this.getAttribute("src") ?? "", location.href);
    const seen = /** @type {HTMLInputElement | null} */ (this.querySelector("input[name=seen]"));
    if (seen) address.searchParams.set("seen", seen.value);
    return address;
  }
}

/** <feed-status hidden>: shown while the connection is lost for longer than a moment. */
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
