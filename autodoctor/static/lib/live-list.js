// @ts-check
/**
 * <live-list what="queue" src="…">: a list that is fetched again when the feed reports a change of `what`, and with
 * `every="30"` also every 30 seconds. The answer is the content, or a page that has the content under the list's id.
 * With `alerts`, the words of <template class="live-list__news"> beside the list announce every new [data-request] with
 * its [data-news]; with `quiet` without a sound. The request carries the list's field "seen": the state that is shown.
 */
import { morph } from "lib/morph";
import { callAttention } from "lib/attention";
import { feed } from "lib/feed";

const TRY_AGAIN_MS = 3_000;

export class LiveList extends HTMLElement {
  /** @type {Set<string>} */
  #known = new Set();
  #pressed = false;
  #fetching = false;
  #fetchAgain = false;
  /** @type {Record<"again" | "every", ReturnType<typeof setTimeout> | undefined>} */
  #timers = { again: undefined, every: undefined };

  connectedCallback() {
    this.#known = new Set(this.#requests().keys());
    feed.addEventListener("changed", this);
    this.addEventListener("pointerdown", this);
    for (const release of ["pointerup", "pointercancel"]) addEventListener(release, this);
    const seconds = Number(this.getAttribute("every"));
    if (seconds) this.#timers.every = setInterval(() => this.#refresh(), seconds * 1000);
    feed.start();
  }

  disconnectedCallback() {
    feed.removeEventListener("changed", this);
    for (const release of ["pointerup", "pointercancel"]) removeEventListener(release, this);
    clearInterval(this.#timers.every);
    clearTimeout(this.#timers.again);
  }

  /** @param {Event} event */
  handleEvent(event) {
    if (event.type === "changed") this.#changed(/** @type {CustomEvent} */ (event).detail);
    else this.#touch(event.type === "pointerdown");
  }

  /** @param {string | null} what  nothing: anything may have changed */
  #changed(what) {
    if (!what || what === this.getAttribute("what")) this.#refresh();
  }

  /** Fetch the list. A call during a fetch starts one more fetch afterwards. */
  async #refresh() {
    this.#fetchAgain = true;
    if (this.#fetching) return;
    this.#fetching = true;
    clearTimeout(this.#timers.again);
    while (this.#fetchAgain) {
      this.#fetchAgain = false;
      await this.#fetch().catch(() => this.#tryAgain());
    }
    this.#fetching = false;
  }

  async #fetch() {
    const answer = await fetch(this.#address, { headers: { Accept: "text/html" } });
    if (answer.redirected) return location.reload(); // to sign in
    if (answer.status >= 500) return this.#tryAgain();
    if (answer.status === 200) this.#show(await answer.text());
  }

  /** A failed fetch must be repeated, because the feed reports a change only once. */
  #tryAgain() {
    clearTimeout(this.#timers.again);
    this.#timers.again = setTimeout(() => this.#refresh(), TRY_AGAIN_MS);
  }

  /** Nothing goes under a finger: a button moved while it is pressed swallows the tap. @param {string} markup */
  #show(markup) {
    if (this.#pressed || !this.isConnected) return;
    const { body } = new DOMParser().parseFromString(markup, "text/html");
    morph(this, (this.id && body.querySelector(`#${CSS.escape(this.id)}`)) || body);
    this.#notice();
  }

  /** @param {boolean} pressed */
  #touch(pressed) {
    const released = this.#pressed && !pressed;
    this.#pressed = pressed;
    // After the click that follows the release: run the fetch that was held back.
    if (released) setTimeout(() => this.#refresh());
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
