// @ts-check
/** <elapsed-time data-since="…">: counts up from that time, "4:12". Its light DOM stays as the server sent it. */
import { minutesAndSeconds } from "lib/format-time";

const TICK_MS = 1_000;

export class ElapsedTime extends HTMLElement {
  /** The page's idea of the server's time. @type {{ now(): number }} */
  static clock = Date;

  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;

  connectedCallback() {
    if (!this.shadowRoot) this.attachShadow({ mode: "open" });
    this.#ticking = setInterval(() => this.#draw(), TICK_MS);
    this.#draw();
  }

  disconnectedCallback() {
    clearInterval(this.#ticking);
  }

  #draw() {
    const since = Date.parse(this.dataset.since ?? "");
    const seconds = Math.floor((ElapsedTime.clock.now() - since) / 1000);
    /** @type {ShadowRoot} */ (this.shadowRoot).textContent = Number.isNaN(since) ? "" : minutesAndSeconds(seconds);
  }
}
