// @ts-check
/**
 * <own-picture>: the small picture of one's own camera. It can be dragged to any corner, or moved to the next one with
 * Enter, the space bar or a tap.
 */

const CORNERS = ["bottom-right", "bottom-left", "top-left", "top-right"];
const A_DRAG_PX = 8;

export class OwnPicture extends HTMLElement {
  /** @type {{ x: number, y: number } | null} */
  #grip = null;
  #moved = false;

  connectedCallback() {
    this.dataset.corner ??= CORNERS[0];
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel", "keydown"])
      this.addEventListener(name, this);
  }

  /** @param {Event} event */
  handleEvent(event) {
    if (event.type === "keydown") return this.#pressed(/** @type {KeyboardEvent} */ (event));
    const pointer = /** @type {PointerEvent} */ (event);
    if (event.type === "pointerdown") this.#grab(pointer);
    else if (event.type === "pointermove") this.#drag(pointer);
    else this.#drop(pointer);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    this.#next();
  }

  #next() {
    this.dataset.corner = CORNERS[(CORNERS.indexOf(this.dataset.corner ?? "") + 1) % CORNERS.length];
  }

  /** @param {PointerEvent} event */
  #grab(event) {
    this.setPointerCapture(event.pointerId);
    this.#grip = { x: event.clientX, y: event.clientY };
    this.#moved = false;
  }

  /** @param {PointerEvent} event */
  #drag({ clientX, clientY }) {
    if (!this.#grip) return;
    const [x, y] = [clientX - this.#grip.x, clientY - this.#grip.y];
    this.#moved ||= Math.hypot(x, y) > A_DRAG_PX;
    if (this.#moved) this.style.translate = `${x}px ${y}px`;
  }

  /** @param {PointerEvent} event */
  #drop({ type }) {
    if (!this.#grip) return;
    this.#grip = null;
    if (type === "pointerup" && !this.#moved) return this.#next();
    const own = this.getBoundingClientRect();
    const stage = /** @type {HTMLElement} */ (this.parentElement).getBoundingClientRect();
    const down = own.top + own.height / 2 > stage.top + stage.height / 2 ? "bottom" : "top";
    const across = own.left + own.width / 2 > stage.left + stage.width / 2 ? "right" : "left";
    this.dataset.corner = `${down}-${across}`;
    this.style.translate = "";
  }
}
