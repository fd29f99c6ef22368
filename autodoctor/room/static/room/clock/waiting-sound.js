// @ts-check
/** <waiting-sound data-from="…">: sounds now and then from this moment on, while a participant waits for the start. */
import { play } from "lib/sounds";
import { ElapsedTime } from "lib/elapsed-time";

const EVERY_MS = 15_000;

export class WaitingSound extends HTMLElement {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #next;

  connectedCallback() {
    const wait = Date.parse(this.dataset.from ?? "") - ElapsedTime.clock.now();
    this.#next = setTimeout(() => this.#sound(), Math.max(0, wait));
  }

  disconnectedCallback() {
    clearTimeout(this.#next);
  }

  #sound() {
    play("waiting");
    this.#next = setTimeout(() => this.#sound(), EVERY_MS);
  }
}
