// @ts-check
/**
 * <picture-pen>: draws on a picture with pen, arrow and circle, and returns a file. The file keeps the picture's full size,
 * whatever part the screen shows. What is drawn stands on a board, on which another person may draw meanwhile.
 *
 * @typedef {import("room/call/strokes").Tool} Tool
 * @typedef {import("room/call/strokes").Point} Point
 */
import { focusOn } from "lib/focus";
import { DrawingBoard } from "room/call/drawing-board";
import { paint } from "room/call/strokes";

const JPEG_QUALITY = 0.92;
const MOST_SHOWN_PX = 1_600; // of the longer side: a photo of twelve megapixels would lag behind the finger

export class PicturePen extends HTMLElement {
  #board = new DrawingBoard("mechanic");
  /** @type {Tool} */
  #tool = "arrow";
  /** @type {HTMLCanvasElement | null} */
  #picture = null;
  #drawing = false;
  #isDue = false;
  /** @type {(file: File | null) => void} */
  #done = () => undefined;

  connectedCallback() {
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"])
      this.#canvas.addEventListener(name, this);
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    this.#dialog.addEventListener("close", () => this.#finish(null));
    this.#dialog.addEventListener("cancel", (event) => this.#givingUp(event));
    this.addEventListener("keydown", (event) => {
      if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.#board.undo();
      if (event.key === "Escape") this.#givingUp(event);
    });
  }

  get isOpen() {
    return this.#dialog.open;
  }

  /**
   * @param {HTMLCanvasElement} picture
   * @param {string} name  of the file
   * @param {DrawingBoard} [board]  with what is drawn already
   * @returns {Promise<File | null>}  null when it was given up
   */
  draw(picture, name, board = new DrawingBoard("mechanic")) {
    const share = Math.min(1, MOST_SHOWN_PX / Math.max(picture.width, picture.height));
    const [width, height] = [picture.width, picture.height].map((pixels) => Math.round(pixels * share));
    Object.assign(this.#canvas, { width, height });
    this.#canvas.style.setProperty("--ratio", String(picture.width / picture.height));
    this.#picture = picture;
    this.#board = board;
    board.addEventListener("changed", this);
    this.#render();
    this.#choose(this.#tool);
    this.#askWhether(false);
    this.#dialog.showModal();
    this.dataset.name = name;
    return new Promise((resolve) => (this.#done = resolve));
  }

  /** Give up, without a question. */
  close() {
    this.#dialog.close();
  }

  /** @param {Event} event */
  handleEvent(event) {
    if (event.type === "changed") return this.#renderSoon();
    const pointer = /** @type {PointerEvent} */ (event);
    if (event.type === "pointerdown") this.#begin(pointer);
    else if (event.type === "pointermove") this.#drawing && this.#board.go(this.#at(pointer));
    else this.#end();
  }

  /** @param {Element} target */
  #clicked(target) {
    const button = /** @type {HTMLElement | null} */ (target.closest("button"));
    if (!button) return;
    const { tool, act } = button.dataset;
    if (tool) this.#choose(/** @type {Tool} */ (tool));
    else if (act === "undo") this.#board.undo();
    else if (act === "drop" && this.#hasDrawn) this.#askWhether(true);
    else if (act === "drop" || act === "discard") this.#dialog.close();
    else if (act === "go-on") this.#askWhether(false);
    else if (act === "keep") this.#keep();
  }

  get #hasDrawn() {
    return this.#board.of().length > 0;
  }

  /** Nothing that was drawn goes without being asked about. @param {Event} event */
  #givingUp(event) {
    if (!this.#hasDrawn) return;
    event.preventDefault();
    this.#askWhether(true);
  }

  /** Ask whether to discard the drawing, or take the question back. @param {boolean} asks */
  #askWhether(asks) {
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-ask]"))) {
      part.hidden = (part.dataset.ask === "discard") !== asks;
    }
    const next = asks ? "go-on" : "drop";
    if (this.#dialog.open) focusOn(this.querySelector(`[data-act=${next}]`));
  }

  /** @param {Tool} tool */
  #choose(tool) {
    this.#tool = tool;
    for (const each of this.querySelectorAll("[data-tool]")) {
      each.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (each).dataset.tool === tool));
    }
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    this.#drawing = true;
    this.#board.begin(this.#tool, this.#at(event));
  }

  #end() {
    this.#drawing = false;
    this.#board.end();
  }

  /** @param {PointerEvent} event @returns {Point} */
  #at({ clientX, clientY }) {
    const shown = this.#canvas.getBoundingClientRect();
    return [(clientX - shown.left) / shown.width, (clientY - shown.top) / shown.height];
  }

  /** Once a frame, however many points have come. */
  #renderSoon() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#render();
    });
  }

  #render() {
    if (this.#picture) paint(this.#canvas, this.#picture, this.#board.strokes);
    this.querySelector("[data-act=undo]")?.toggleAttribute("disabled", !this.#hasDrawn);
  }

  #keep() {
    if (!this.#picture) return;
    const { width, height } = this.#picture;
    const whole = Object.assign(document.createElement("canvas"), { width, height });
    paint(whole, this.#picture, this.#board.strokes);
    whole.toBlob(
      (blob) => {
        if (blob) this.#finish(new File([blob], `${this.dataset.name}.jpg`, { type: "image/jpeg" }));
        this.#dialog.close();
      },
      "image/jpeg",
      JPEG_QUALITY,
    );
  }

  /** @param {File | null} file */
  #finish(file) {
    this.#done(file);
    this.#done = () => undefined;
    this.#board.removeEventListener("changed", this);
    this.#picture = null;
  }

  get #canvas() {
    return /** @type {HTMLCanvasElement} */ (this.querySelector("canvas"));
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }
}

/** What a video shows now, in its full size. @param {HTMLVideoElement} video */
export function freeze(video) {
  const frozen = Object.assign(document.createElement("canvas"), {
    width: video.videoWidth,
    height: video.videoHeight,
  });
  frozen.getContext("2d")?.drawImage(video, 0, 0);
  return frozen;
}
