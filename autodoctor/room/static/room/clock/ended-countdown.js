// @ts-check
/** <ended-countdown>: opens the dashboard after a while, unless the person presses "Stay here" or touches the page. */

const TOUCHES = ["pointerdown", "keydown", "wheel", "touchmove"];

export class EndedCountdown extends HTMLElement {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;
  #listening = new AbortController();

  start() {
    if (!this.hasAttribute("hidden")) return;
    this.hidden = false;
    const { signal } = this.#listening;
    for (const name of TOUCHES) document.addEventListener(name, this, { signal, passive: true });
    const endsAt = Date.now() + Number(this.dataset.seconds) * 1000;
    this.#ticking = setInterval(() => this.#tick(endsAt), 250);
    this.#tick(endsAt);
  }

  disconnectedCallback() {
    this.#stop();
  }

  /** Any touch says that somebody reads; a link does its own work. @param {Event} event */
  handleEvent(event) {
    const { target } = event;
    const isLeaving = event.type === "pointerdown" && target instanceof Element && target.closest("a:not([data-help])");
    if (!isLeaving) this.cancel();
  }

  /** Stay on this page. */
  cancel() {
    this.#stop();
    this.hidden = true;
  }

  #stop() {
    clearInterval(this.#ticking);
    this.#listening.abort();
  }

  /** @param {number} endsAt */
  #tick(endsAt) {
    const left = Math.ceil((endsAt - Date.now()) / 1000);
    /** @type {HTMLElement} */ (this.querySelector("[data-slot=left]")).textContent = String(Math.max(0, left));
    if (left > 0) return;
    this.#stop();
    location.assign(this.dataset.to ?? "/");
  }
}
