// @ts-check
/**
 * Where the reader of a log is: at its end, which then stays in view, or further up, where nothing may move. Only this
 * scrolls the log. Seen is what stands at the end of a log that is on the screen, in a window that has the focus.
 */
import { toEnd } from "lib/scrolling";
import { isLookedAt } from "lib/title";

const NEAR_END_PX = 80;

export class ReadingPosition {
  #scroller;
  #seen;
  #follows = true;
  #isFolded = false;
  #top = 0;

  /**
   * @param {HTMLElement} scroller
   * @param {() => void} seen  the reader has the end in view
   */
  constructor(scroller, seen) {
    this.#scroller = scroller;
    this.#seen = seen;
    scroller.addEventListener("scroll", () => this.#scrolled());
    const look = () => this.look();
    for (const name of ["visibilitychange", "fullscreenchange"]) document.addEventListener(name, look);
    addEventListener("focus", look);
    const sizes = new ResizeObserver(() => this.settle());
    for (const element of [scroller, ...scroller.children]) sizes.observe(element);
  }

  /** Folded away, or behind what fills the screen. */
  get isCovered() {
    const full = document.fullscreenElement;
    return !this.#scroller.clientHeight || (full !== null && !full.contains(this.#scroller));
  }

  get sees() {
    return this.#follows && !this.isCovered && isLookedAt();
  }

  /** From now on the end may grow out of view: whoever comes back reads on from here. */
  stay() {
    this.#follows = false;
  }

  toEnd() {
    this.#follows = true;
    toEnd(this.#scroller);
    this.#top = this.#scroller.scrollTop;
    this.look();
  }

  /** Keep the place. Call after the layout has changed, and before what depends on where the reader is. */
  settle() {
    const wasFolded = this.#isFolded;
    this.#isFolded = !this.#scroller.clientHeight;
    if (this.#isFolded) return;
    if (!wasFolded && this.#scroller.scrollTop !== this.#top) this.#scrolled(); // the browser tells it a moment later
    if (this.#follows) this.toEnd();
    else if (!this.#scroller.scrollTop) this.#scroller.scrollTop = this.#top; // folding has lost it
    this.look();
  }

  /** All of it may be in view without scrolling. */
  look() {
    if (this.#isAtEnd) this.#follows = true;
    if (this.sees) this.#seen();
  }

  #scrolled() {
    if (this.#isFolded || !this.#scroller.clientHeight) return;
    this.#top = this.#scroller.scrollTop;
    this.#follows = this.#isAtEnd;
    this.look();
  }

  get #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return clientHeight > 0 && scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }
}
