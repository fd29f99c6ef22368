// @ts-check
/**
 * <reconnect-banner>: says who is not connected. It writes about this page's own connection; the server writes about
 * the other side's, in the region within. During a call the banner shows a lost connection of the chat only if it stays
 * lost.
 */

const PATIENCE_MS = 1_500; // a blip is not worth a word
const PATIENCE_IN_A_CALL_MS = 20_000;

/** @typedef {import("room/wire/channel").Channel} Channel */
/** @typedef {import("room/wire/reconnecting-socket").Status} Status */

export class ReconnectBanner extends HTMLElement {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;
  #inCall = false;
  #replaced = false;
  /** @type {Channel | null} */
  #channel = null;

  /** @param {Channel} channel */
  follow(channel) {
    this.#channel = channel;
    channel.on("status", (status) => this.#show(status));
    channel.on("replaced", () => this.#step(true));
    channel.on("joined", () => this.#step(false));
    this.addEventListener("click", (event) => {
      if (/** @type {Element} */ (event.target).closest("[data-retry]")) this.#retry();
    });
  }

  /** Whether sound and picture go both ways. @param {boolean} inCall */
  set inCall(inCall) {
    this.#inCall = inCall;
    if (this.#channel?.status.state === "lost") this.#show(this.#channel.status);
  }

  #retry() {
    if (this.#replaced && this.#channel?.status.state === "open") this.#channel.join();
    else this.#channel?.retry();
  }

  /** Another page of this person has the call, or this one has it back. @param {boolean} aside */
  #step(aside) {
    this.#replaced = aside;
    this.#only(aside ? "replaced" : undefined);
  }

  /** The page has lost its access to the session; the connection is not the cause. */
  showGone() {
    this.#only("gone");
  }

  /** @param {Status} status */
  #show({ state, since, why }) {
    clearTimeout(this.#soon);
    if (state === "stopped") this.#only(why);
    else if (state === "lost") this.#soon = setTimeout(() => this.#lost(since), this.#patience + since - Date.now());
    else this.#only(this.#replaced ? "replaced" : undefined);
  }

  get #patience() {
    return this.#inCall ? PATIENCE_IN_A_CALL_MS : PATIENCE_MS;
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
