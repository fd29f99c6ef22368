// @ts-check
/**
 * <elapsed-time data-since="…">: counts up from that time, "4:12"; with `data-until` down to it. Its light DOM stays as the
 * server sent it.
 */
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
    const { since, until } = this.dataset;
    const gone = (ElapsedTime.clock.now() - Date.parse(until ?? since ?? "")) / 1000;
    const seconds = until ? Math.max(0, Math.ceil(-gone)) : Math.floor(gone);
    /** @type {ShadowRoot} */ (this.shadowRoot).textContent = Number.isNaN(gone) ? "" : minutesAndSeconds(seconds);
  }
}
