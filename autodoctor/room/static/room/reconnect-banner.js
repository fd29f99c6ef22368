// @ts-check
/**
 * <reconnect-banner>: who is not connected. Of this page's own connection it speaks itself, when it is worth a word; of
 * the other side's the server does, in the region within.
 */

const PATIENCE_MS = 1_500; // a blip is not worth a word

/** @typedef {import("room/channel").Channel} Channel */
/** @typedef {import("room/channel").Status} Status */

export class ReconnectBanner extends HTMLElement {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;

  /** @param {Channel} channel */
  follow(channel) {
    channel.on("status", (status) => this.#show(status));
    this.addEventListener("click", (event) => {
      if (/** @type {Element} */ (event.target).closest("[data-retry]")) channel.retry();
    });
  }

  /** Not a matter of the connection: the page may not see the session any more. */
  showGone() {
    this.#only("gone");
  }

  /** @param {Status} status */
  #show({ state, since, why }) {
    clearTimeout(this.#soon);
    if (state === "stopped") this.#only(why);
    else if (state === "lost") this.#soon = setTimeout(() => this.#lost(since), PATIENCE_MS + since - Date.now());
    else this.#only();
  }

  /** @param {number} since */
  #lost(since) {
    const elapsed = this.querySelector("elapsed-time");
    elapsed?.setAttribute("data-since", new Date(since).toISOString());
    this.#only("lost");
  }

  /** @param {string} [name] */
  #only(name) {
    for (const part of this.querySelectorAll("[data-show]")) {
      const shown = /** @type {HTMLElement} */ (part);
      shown.hidden = shown.dataset.show !== name;
    }
  }
}
