// @ts-check
/**
 * <shared-drawing>: two people draw on one photo of the session, and see each other's strokes while they are drawn. Who
 * opens a photo for drawing shows it to the other on the stage, where they watch, or draw too. Strokes are stored nowhere
 * until one of the two saves the drawing: it is a file then, as any drawing. A page that comes later asks the other page
 * for the strokes of the moment.
 *
 * Its markup is `room/parts/shared_drawing.html`. A press on `[data-draw]` with a file's id opens that file.
 *
 * @typedef {import("room/call/strokes").Side} Side
 * @typedef {import("room/wire/channel").Channel} Channel
 * @typedef {import("room/wire/frames").DrawingFrame} DrawingFrame
 * @typedef {{ file: string, board: DrawingBoard, name: string, picture: HTMLCanvasElement | null,
 *   loading: Promise<HTMLCanvasElement | null> | null }} Subject
 */
import { fill, wordsOf } from "lib/templates";
import { toast } from "lib/toasts";
import { DrawingBoard } from "room/call/drawing-board";
import { loadPicture } from "room/call/picture-loader";
import { StrokeSender } from "room/call/stroke-sender";
import { paint } from "room/call/strokes";

const SILENT_MS = 25_000; // the other side is gone, or its page is
const ASK_AGAIN_MS = 1_000;

export class SharedDrawing extends HTMLElement {
  /** @type {Channel | null} */
  #channel = null;
  /** What is drawn on, here or there. @type {Subject | null} */
  #subject = null;
  /** @type {StrokeSender | null} */
  #sender = null;
  /** The other side has it open. */
  #isShown = false;
  #isHidden = false;
  #isDue = false;
  #askedAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;

  connectedCallback() {
    document.addEventListener("click", (event) => this.#pressed(/** @type {Element} */ (event.target)));
    this.querySelector("[data-act=draw-too]")?.addEventListener("click", () => this.#drawToo());
    this.querySelector("[data-act=hide-drawing]")?.addEventListener("click", () => this.#hide());
  }

  /** @param {Channel} channel */
  follow(channel) {
    this.#channel = channel;
    channel.on("drawing", (frame) => this.#heard(frame));
    channel.on("welcome", () => this.#subject && this.#ask(this.#subject.file));
    channel.on("joined", () => this.#sender?.again());
    channel.on("replaced", () => this.#leave());
    channel.on("event", ({ kind, data }) => kind === "file.removed" && this.#removed(data.file?.id ?? ""));
  }

  /** Draw on a file of the session. @param {string} file  its id @param {string} name */
  async open(file, name) {
    const subject = this.#take(file, name);
    const pen = document.querySelector("picture-pen");
    if (!pen || pen.isOpen) return;
    const picture = await this.#pictureOf(subject);
    if (pen.isOpen) return; // it was pressed again meanwhile
    if (!picture) return toast(wordsOf(this, "no-picture"), "error");
    this.#return(subject);
    this.#sender = new StrokeSender(file, subject.board, (act) => this.#channel?.passOn({ type: "drawing", ...act }));
    this.#ask(file);
    this.#show();
    const drawn = await pen.draw(picture, wordsOf(this, "drawing"), subject.board).finally(() => this.#stop());
    if (drawn) document.querySelector("file-drop")?.add([drawn]);
    this.#show();
  }

  /** The other side may have opened another one while this one was loading. @param {Subject} subject */
  #return(subject) {
    if (subject === this.#subject) return;
    this.#isShown = false;
    this.#subject = subject;
  }

  #stop() {
    this.#sender?.stop();
    this.#sender = null;
    if (!this.#isShown) this.#subject = null;
  }

  /** @param {Element} target */
  #pressed(target) {
    const button = /** @type {HTMLElement | null} */ (target.closest("[data-draw]"));
    if (!button?.dataset.draw) return;
    /** @type {HTMLDialogElement | null} */ (button.closest("dialog"))?.close();
    this.open(button.dataset.draw, button.dataset.name ?? "");
  }

  /** @param {DrawingFrame} frame */
  #heard(frame) {
    if (frame.act === "close") return this.#closed(frame.file);
    if (frame.act === "ask") return void (frame.file === this.#subject?.file && this.#sender?.again());
    if (this.#sender && frame.file !== this.#subject?.file) return; // this person draws on another one
    const subject = this.#take(frame.file);
    const by = /** @type {Side} */ (frame.role);
    if (frame.act === "open") this.#opened();
    else if (frame.act === "undo") subject.board.remove(by, frame.stroke);
    else if (frame.act === "stroke" && !subject.board.add(by, frame)) this.#ask(frame.file);
  }

  /** Once a second at most: the answer is all there is. @param {string} file */
  #ask(file) {
    const now = performance.now();
    if (now - this.#askedAt < ASK_AGAIN_MS) return;
    this.#askedAt = now;
    this.#channel?.passOn({ type: "drawing", file, act: "ask" });
  }

  /** The other side shows it, or says that it still does. */
  #opened() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#closed(this.#subject?.file ?? ""), SILENT_MS);
    if (this.#isShown) return;
    this.#isShown = true;
    this.#isHidden = false;
    if (this.#subject) this.#ask(this.#subject.file);
    this.#show();
  }

  /** @param {string} file */
  #closed(file) {
    if (file !== this.#subject?.file) return;
    clearTimeout(this.#silence);
    this.#isShown = false;
    if (!this.#sender) this.#subject = null;
    this.#show();
  }

  /** Whoever shared it has deleted it: nobody keeps it by drawing on it. @param {string} file */
  #removed(file) {
    if (file !== this.#subject?.file) return;
    if (this.#sender || this.#isShown) toast(wordsOf(this, "removed"));
    if (this.#sender) document.querySelector("picture-pen")?.close();
    this.#closed(file);
  }

  /** This page has the call no more. */
  #leave() {
    if (this.#subject) this.#closed(this.#subject.file);
  }

  #hide() {
    this.#isHidden = true;
    this.#show();
  }

  #drawToo() {
    if (this.#subject) this.open(this.#subject.file, this.#subject.name);
  }

  /** @param {string} file @param {string} [name] @returns {Subject} */
  #take(file, name = "") {
    if (this.#subject?.file === file) return this.#subject;
    const board = new DrawingBoard(this.#side);
    board.addEventListener("changed", () => this.#paintSoon());
    this.#isShown = false;
    return (this.#subject = { file, board, name, picture: null, loading: null });
  }

  /** What the other side draws on, beside the call, unless it is open for drawing here. */
  async #show() {
    const subject = this.#subject;
    const shows = this.#isShown && !this.#isHidden && !this.#sender && subject !== null;
    this.hidden = !shows;
    if (!shows || !(await this.#pictureOf(subject)) || subject !== this.#subject) return;
    fill(this, "drawn-on", subject.name);
    this.#paintSoon();
  }

  #paintSoon() {
    if (this.#isDue || this.hidden) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      const { picture, board } = this.#subject ?? {};
      if (!picture || !board) return;
      const share = Math.min(1, 1280 / Math.max(picture.width, picture.height));
      const [width, height] = [Math.round(picture.width * share), Math.round(picture.height * share)];
      if (this.#canvas.width !== width) Object.assign(this.#canvas, { width, height });
      paint(this.#canvas, picture, board.strokes);
    });
  }

  /** Loaded once, whoever waits for it; what failed is tried again. @param {Subject} subject */
  async #pictureOf(subject) {
    subject.loading ??= loadPicture(`${this.dataset.files}${subject.file}/`).catch(() => null);
    subject.picture = await subject.loading;
    if (!subject.picture) subject.loading = null;
    return subject.picture;
  }

  get #side() {
    return /** @type {Side} */ (this.dataset.side);
  }

  get #canvas() {
    return /** @type {HTMLCanvasElement} */ (this.querySelector("canvas"));
  }
}
