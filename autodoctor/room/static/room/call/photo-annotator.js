// @ts-check
/**
 * <picture-pen>: draws on a frozen picture with pen, arrow and circle, and returns a file. The file keeps the picture's
 * full size, whatever part the screen shows.
 *
 * @typedef {"pen"|"arrow"|"circle"} Tool
 * @typedef {{ x: number, y: number }} Point  in pixels of the picture
 * @typedef {{ tool: Tool, points: Point[] }} Stroke
 */
import { focusOn } from "lib/focus";

const LINE_SHARE = 1 / 160; // of the picture's longer side
const COLORS = { line: "#ff7a1f", edge: "#1f1206" };
const JPEG_QUALITY = 0.92;

export class PicturePen extends HTMLElement {
  /** @type {Stroke[]} */
  #strokes = [];
  /** @type {Tool} */
  #tool = "arrow";
  /** @type {CanvasImageSource | null} */
  #picture = null;
  #drawing = false;
  /** @type {(file: File | null) => void} */
  #done = () => undefined;

  connectedCallback() {
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"])
      this.#canvas.addEventListener(name, this);
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    this.#dialog.addEventListener("close", () => this.#finish(null));
    this.#dialog.addEventListener("cancel", (event) => this.#givingUp(event));
    this.addEventListener("keydown", (event) => {
      if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.#undo();
      if (event.key === "Escape") this.#givingUp(event);
    });
  }

  /**
   * @param {HTMLCanvasElement} picture
   * @param {string} name  of the file
   * @returns {Promise<File | null>}  null when it was given up
   */
  draw(picture, name) {
    Object.assign(this.#canvas, { width: picture.width, height: picture.height });
    this.#canvas.style.setProperty("--ratio", String(picture.width / picture.height));
    this.#picture = picture;
    this.#strokes = [];
    this.#render();
    this.#choose(this.#tool);
    this.#askWhether(false);
    this.#dialog.showModal();
    this.dataset.name = name;
    return new Promise((resolve) => (this.#done = resolve));
  }

  /** @param {Event} event */
  handleEvent(event) {
    const pointer = /** @type {PointerEvent} */ (event);
    if (event.type === "pointerdown") this.#begin(pointer);
    else if (event.type === "pointermove") this.#go(pointer);
    else this.#drawing = false;
  }

  /** @param {Element} target */
  #clicked(target) {
    const button = /** @type {HTMLElement | null} */ (target.closest("button"));
    if (!button) return;
    const { tool, act } = button.dataset;
    if (tool) this.#choose(/** @type {Tool} */ (tool));
    else if (act === "undo") this.#undo();
    else if (act === "drop" && this.#strokes.length) this.#askWhether(true);
    else if (act === "drop" || act === "discard") this.#dialog.close();
    else if (act === "go-on") this.#askWhether(false);
    else if (act === "keep") this.#keep();
  }

  /** Nothing that was drawn goes without being asked about. @param {Event} event */
  #givingUp(event) {
    if (!this.#strokes.length) return;
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

  #undo() {
    this.#strokes.pop();
    this.#render();
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    this.#drawing = true;
    this.#strokes.push({ tool: this.#tool, points: [this.#at(event)] });
  }

  /** @param {PointerEvent} event */
  #go(event) {
    const stroke = this.#strokes.at(-1);
    if (!this.#drawing || !stroke) return;
    if (stroke.tool === "pen") stroke.points.push(this.#at(event));
    else stroke.points[1] = this.#at(event);
    this.#render();
  }

  /** @param {PointerEvent} event @returns {Point} */
  #at({ clientX, clientY }) {
    const shown = this.#canvas.getBoundingClientRect();
    const scale = this.#canvas.width / shown.width;
    return { x: (clientX - shown.left) * scale, y: (clientY - shown.top) * scale };
  }

  #render() {
    const canvas = this.#canvas;
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.drawImage(/** @type {CanvasImageSource} */ (this.#picture), 0, 0);
    const width = Math.max(canvas.width, canvas.height) * LINE_SHARE;
    pen.lineCap = pen.lineJoin = "round";
    const passes = /** @type {[string, number][]} */ ([
      [COLORS.edge, width * 1.8],
      [COLORS.line, width],
    ]);
    for (const [colour, thickness] of passes) {
      pen.strokeStyle = colour;
      pen.lineWidth = thickness;
      for (const stroke of this.#strokes) pen.stroke(shape(stroke, width));
    }
    this.querySelector("[data-act=undo]")?.toggleAttribute("disabled", !this.#strokes.length);
  }

  #keep() {
    this.#canvas.toBlob(
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

/**
 * @param {Stroke} stroke
 * @param {number} width
 */
function shape({ tool, points }, width) {
  const path = new Path2D();
  const [from, to = points[0]] = points;
  if (tool === "circle") {
    path.ellipse(
      (from.x + to.x) / 2,
      (from.y + to.y) / 2,
      Math.abs(to.x - from.x) / 2,
      Math.abs(to.y - from.y) / 2,
      0,
      0,
      2 * Math.PI,
    );
    return path;
  }
  path.moveTo(from.x, from.y);
  for (const { x, y } of points) path.lineTo(x, y);
  if (tool === "arrow") addHead(path, from, to, width * 6);
  return path;
}

/**
 * @param {Path2D} path
 * @param {Point} from
 * @param {Point} to
 * @param {number} length
 */
function addHead(path, from, to, length) {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  for (const turn of [-0.5, 0.5]) {
    path.moveTo(to.x, to.y);
    path.lineTo(to.x - length * Math.cos(angle + turn), to.y - length * Math.sin(angle + turn));
  }
}
