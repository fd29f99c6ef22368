// @ts-check
/** <waiting-sound data-from="…">: from then on it sounds now and then, because somebody waits for the start. */
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
