// @ts-check
/**
 * The one socket of a page that says which lists are out of date; `docs/protocol.md` describes it.
 *
 * Dispatches `changed` (detail: the changed list; null after a lost connection, because any list may have changed), and
 * `open` and `lost` with the connection.
 */
import { leadToSignIn } from "lib/signed-out";

const TIMING = { firstRetry: 500, lastRetry: 15_000, connect: 30_000, ping: 20_000, answer: 10_000 }; // milliseconds
const SIGNED_OUT = 4401;
const REPLACED = 4409; // too many pages of this person: this one waits until it is looked at

export class Feed extends EventTarget {
  /** @type {WebSocket | null} */
  #socket = null;
  #attempts = 0;
  #isReplaced = false;
  /** @type {Record<"retry" | "ping" | "answer", ReturnType<typeof setTimeout> | undefined>} */
  #timers = { retry: undefined, ping: undefined, answer: undefined };

  start() {
    if (this.#socket || this.#timers.retry) return;
    const address = new URL("/ws/feed", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.addEventListener("open", () => this.#pingLater());
    socket.addEventListener("message", (event) => this.#heard(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => this.#lost(socket, event.code));
    this.#socket = socket;
    this.#expectWord(socket, TIMING.connect);
  }

  /** Reconnect now, because the person or the network is back. */
  hurry() {
    if (!this.#timers.retry && !this.#isReplaced) return;
    this.#isReplaced = false;
    clearTimeout(this.#timers.retry);
    this.#timers.retry = undefined;
    this.start();
  }

  /** The feed reports every change from now on; earlier changes may be missing. */
  #listening() {
    this.#attempts = 0;
    this.dispatchEvent(new CustomEvent("open"));
    this.dispatchEvent(new CustomEvent("changed"));
  }

  /** @param {{ type: string, what?: string }} frame */
  #heard(frame) {
    clearTimeout(this.#timers.answer);
    this.#pingLater();
    if (frame.type === "listening") this.#listening();
    if (frame.type === "changed") this.dispatchEvent(new CustomEvent("changed", { detail: frame.what }));
  }

  /** Only a missing answer shows a connection that was cut on the way. */
  #pingLater() {
    clearTimeout(this.#timers.ping);
    this.#timers.ping = setTimeout(() => {
      const socket = this.#socket;
      if (!socket) return;
      socket.send(JSON.stringify({ type: "ping" }));
      this.#expectWord(socket, TIMING.answer);
    }, TIMING.ping);
  }

  /**
   * @param {WebSocket} socket
   * @param {number} patience  milliseconds
   */
  #expectWord(socket, patience) {
    clearTimeout(this.#timers.answer);
    this.#timers.answer = setTimeout(() => {
      socket.close();
      this.#lost(socket, 0);
    }, patience);
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  #lost(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    clearTimeout(this.#timers.ping);
    clearTimeout(this.#timers.answer);
    if (code === SIGNED_OUT) return leadToSignIn();
    this.dispatchEvent(new CustomEvent("lost"));
    this.#isReplaced = code === REPLACED;
    if (this.#isReplaced) return;
    const ceiling = Math.min(TIMING.lastRetry, TIMING.firstRetry * 2 ** this.#attempts);
    this.#attempts += 1;
    // With jitter, so that not all pages reconnect at the same moment.
    this.#timers.retry = setTimeout(() => this.hurry(), ceiling * (0.5 + Math.random() / 2));
  }
}

export const feed = new Feed();
addEventListener("online", () => feed.hurry());
document.addEventListener("visibilitychange", () => document.hidden || feed.hurry());
