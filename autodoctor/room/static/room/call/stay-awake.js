// @ts-check
/** Keeps the screen on while a call goes on, where the browser can. */
export class StayAwake {
  /** @type {WakeLockSentinel | null} */
  #lock = null;
  #wanted = false;

  constructor() {
    document.addEventListener("visibilitychange", () => this.#wanted && !document.hidden && this.#take());
  }

  begin() {
    this.#wanted = true;
    this.#take();
  }

  end() {
    this.#wanted = false;
    this.#lock?.release();
    this.#lock = null;
  }

  async #take() {
    const lock = await navigator.wakeLock?.request("screen").catch(() => null); // low battery: then it may go dark
    if (this.#wanted) this.#lock = lock ?? null;
    else lock?.release();
  }
}
