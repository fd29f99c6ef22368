// @ts-check
/**
 * What is drawn on one photo, by one person or by two. It knows no page and no channel. Dispatches `changed` whenever it
 * looks another way, and `drawn` with the stroke, or `undone` with its id, of this person.
 *
 * @typedef {import("room/call/strokes").Stroke} Stroke
 * @typedef {import("room/call/strokes").Side} Side
 * @typedef {import("room/call/strokes").Tool} Tool
 * @typedef {import("room/call/strokes").Point} Point
 * @typedef {Extract<import("room/wire/frames").DrawingAct, { act: "stroke" }>} Part  of a stroke
 */

const MOST_STROKES = 200; // of each person
const LONGEST = 600; // points of a stroke; the server takes no more
const NEAR = 0.002; // a point that is nearer to the last one adds nothing
const PLACES = 10_000;

export class DrawingBoard extends EventTarget {
  /** By their ids, in their order. @type {Map<string, Stroke>} */
  #strokes = new Map();
  /** What is being drawn. @type {Stroke | null} */
  #current = null;
  #me;

  /** @param {Side} me */
  constructor(me) {
    super();
    this.#me = me;
  }

  get strokes() {
    return [...this.#strokes.values()];
  }

  /** @param {Side} [by] */
  of(by = this.#me) {
    return this.strokes.filter((stroke) => stroke.by === by);
  }

  /**
   * @param {Tool} tool
   * @param {Point} at
   */
  begin(tool, at) {
    if (this.of().length >= MOST_STROKES) return;
    this.#current = { id: crypto.randomUUID(), by: this.#me, tool, points: [rounded(at)] };
    this.#strokes.set(this.#current.id, this.#current);
    this.#drew(this.#current);
  }

  /** @param {Point} at */
  go(at) {
    const stroke = this.#current;
    if (!stroke) return;
    const point = rounded(at);
    if (stroke.tool !== "pen") stroke.points[1] = point;
    else if (isNear(point, stroke.points.at(-1))) return;
    else if (stroke.points.length >= LONGEST) return this.begin("pen", at);
    else stroke.points.push(point);
    this.#drew(stroke);
  }

  end() {
    this.#current = null;
  }

  /** Take back the last stroke of this person. */
  undo() {
    const last = this.of().at(-1);
    if (!last) return;
    this.#current = null;
    this.#strokes.delete(last.id);
    this.dispatchEvent(new CustomEvent("undone", { detail: last.id }));
    this.#look();
  }

  /**
   * The next points of a stroke. Returns false if points before them are missing.
   * @param {Side} by
   * @param {Part} part
   */
  add(by, { stroke: id, tool, place, points }) {
    const stroke = this.#strokes.get(id) ?? { id, by, tool, points: [] };
    if (stroke.by !== by) return true; // nobody changes what another has drawn
    if (place > stroke.points.length) return false;
    if (!this.#strokes.has(id) && this.of(by).length >= MOST_STROKES) return true;
    stroke.points.splice(place, Infinity, ...points);
    this.#strokes.set(id, stroke);
    this.#look();
    return true;
  }

  /**
   * @param {Side} by
   * @param {string} id
   */
  remove(by, id) {
    if (this.#strokes.get(id)?.by !== by) return;
    this.#strokes.delete(id);
    this.#look();
  }

  /** @param {Stroke} stroke */
  #drew(stroke) {
    this.dispatchEvent(new CustomEvent("drawn", { detail: stroke }));
    this.#look();
  }

  #look() {
    this.dispatchEvent(new Event("changed"));
  }
}

/** @param {Point} point @returns {Point} */
function rounded([x, y]) {
  return [share(x), share(y)];
}

/** @param {number} value */
function share(value) {
  return Math.round(Math.min(1, Math.max(0, value)) * PLACES) / PLACES;
}

/** @param {Point} point @param {Point | undefined} other */
function isNear([x, y], other) {
  return other !== undefined && Math.hypot(x - other[0], y - other[1]) < NEAR;
}
