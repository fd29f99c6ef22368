// @ts-check
/**
 * Tells the other side's page what this person draws on a photo, while it is drawn: what has changed since the last
 * frame, never faster than the server takes it. What gets lost on the way is asked for, and sent again.
 *
 * @typedef {import("room/call/drawing-board").DrawingBoard} DrawingBoard
 * @typedef {import("room/call/strokes").Stroke} Stroke
 * @typedef {import("room/wire/frames").DrawingAct} DrawingAct
 */

const PACE_MS = 60;
const MOST_POINTS = 64; // of a frame
const ALIVE_MS = 10_000; // how often the other side hears that the photo is still open here

export class StrokeSender {
  #file;
  #board;
  #send;
  /** How many points of each stroke are sent. @type {Map<string, number>} */
  #sent = new Map();
  /** What waits. @type {Map<string, () => DrawingAct | null>} */
  #queue = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #next;
  #alive;
  #leaving = new AbortController();

  /**
   * @param {string} file  its id
   * @param {DrawingBoard} board
   * @param {(act: DrawingAct) => void} send
   */
  constructor(file, board, send) {
    this.#file = file;
    this.#board = board;
    this.#send = send;
    const { signal } = this.#leaving;
    board.addEventListener("drawn", (event) => this.#drawn(/** @type {CustomEvent} */ (event).detail), { signal });
    board.addEventListener("undone", (event) => this.#undone(/** @type {CustomEvent} */ (event).detail), { signal });
    this.#alive = setInterval(() => this.#say("open"), ALIVE_MS);
    this.#say("open");
  }

  /** All strokes of this person once more: the other side has missed some. */
  again() {
    this.#sent.clear();
    this.#say("open");
    for (const stroke of this.#board.of()) this.#drawn(stroke);
  }

  /** The photo is closed here. */
  stop() {
    this.#leaving.abort();
    clearInterval(this.#alive);
    clearTimeout(this.#next);
    this.#send({ file: this.#file, act: "close" });
  }

  /** @param {"open"} act */
  #say(act) {
    this.#enqueue(act, () => ({ file: this.#file, act }));
  }

  /** @param {Stroke} stroke */
  #drawn(stroke) {
    if (stroke.tool !== "pen") this.#sent.delete(stroke.id); // its end has moved
    this.#enqueue(stroke.id, () => this.#part(stroke));
  }

  /** @param {string} stroke  its id */
  #undone(stroke) {
    this.#enqueue(stroke, () => ({ file: this.#file, act: "undo", stroke }));
  }

  /** The points that were not sent yet, as many as fit. @param {Stroke} stroke @returns {DrawingAct | null} */
  #part(stroke) {
    const place = this.#sent.get(stroke.id) ?? 0;
    const points = stroke.points.slice(place, place + MOST_POINTS);
    if (!points.length) return null;
    this.#sent.set(stroke.id, place + points.length);
    if (place + points.length < stroke.points.length) this.#enqueue(stroke.id, () => this.#part(stroke));
    return { file: this.#file, act: "stroke", stroke: stroke.id, tool: stroke.tool, place, points };
  }

  /**
   * @param {string} what  only the last of it counts
   * @param {() => DrawingAct | null} act
   */
  #enqueue(what, act) {
    this.#queue.set(what, act);
    this.#next ??= setTimeout(() => this.#flush(), PACE_MS);
  }

  #flush() {
    this.#next = undefined;
    const [what, act] = this.#queue.entries().next().value ?? [];
    if (what === undefined) return;
    this.#queue.delete(what);
    const frame = act?.();
    if (frame) this.#send(frame);
    if (this.#queue.size) this.#next ??= setTimeout(() => this.#flush(), PACE_MS);
  }
}
