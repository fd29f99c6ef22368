// @ts-check
/**
 * Reads the VIN in a barcode off the pictures of a camera: with the browser's own detector where it knows these
 * barcodes, else the server reads them. What is a VIN the server decides in both cases. A VIN counts once several
 * pictures agree on it: a single one may be misread.
 *
 * @typedef {{ vin: string, checked: boolean }} Found  `checked`: its check digit fits
 * @typedef {{ detect: (picture: HTMLCanvasElement) => Promise<{ rawValue: string }[]> }} Detector
 * @typedef {{ found: Found | null, trouble: "" | "offline" | "refused", wait: number }} Look  `wait`: milliseconds until the next one
 */
import { send } from "lib/sending";

export const FORMATS = ["code_39", "data_matrix", "qr_code"];
const ADDRESS = "/api/vin";
const AGREEING = 3;
const WIDEST = 1280; // pixels
const QUALITY = 0.8;
const MOST_CHARACTERS = 300; // of a barcode's text
const NEXT_LOOK_MS = 250;
const BUSY_MS = 1_000;
const TOO_FAST_MS = 4_000;
const TOO_MANY_REQUESTS = 429;
const UNAVAILABLE = 503;

/** The browser's detector; null if it has none, or none for all of these barcodes. @returns {Promise<Detector | null>} */
export async function ownDetector() {
  const BarcodeDetector = /** @type {any} */ (globalThis).BarcodeDetector;
  try {
    const known = await BarcodeDetector.getSupportedFormats();
    return FORMATS.every((format) => known.includes(format)) ? new BarcodeDetector({ formats: FORMATS }) : null;
  } catch {
    return null;
  }
}

export class VinReader {
  #detector;
  #canvas = document.createElement("canvas");
  #agreeing = 0;
  #last = "";
  /** What the server has said of a barcode's text. @type {Map<string, Found>} */
  #known = new Map();

  /** @param {Detector | null} detector */
  constructor(detector) {
    this.#detector = detector;
  }

  /**
   * Look at the present picture.
   * @param {HTMLVideoElement} video
   * @param {Element} aim  the part of it that counts
   * @returns {Promise<Look>}  with the VIN once enough pictures agree on it
   */
  async look(video, aim) {
    if (!video.videoWidth) return nothing(); // no picture yet
    this.#draw(video, aim);
    const { found, trouble, wait } = await (this.#detector ? this.#detect(this.#detector) : this.#ask());
    return { found: found?.vin && this.#agree(found.vin) ? found : null, trouble, wait };
  }

  /** @param {string} vin */
  #agree(vin) {
    this.#agreeing = vin === this.#last ? this.#agreeing + 1 : 1;
    this.#last = vin;
    return this.#agreeing >= AGREEING;
  }

  /** @param {Detector} detector @returns {Promise<Look>} */
  async #detect(detector) {
    const codes = await detector.detect(this.#canvas).catch(() => []);
    for (const { rawValue } of codes) {
      const look = await this.#lookUp(rawValue.slice(0, MOST_CHARACTERS));
      if (look.trouble || look.found?.vin) return look;
    }
    return nothing();
  }

  /** @param {string} text @returns {Promise<Look>} */
  async #lookUp(text) {
    const known = this.#known.get(text);
    if (known) return nothing(known);
    const form = new FormData();
    form.append("text", text);
    const look = await post(form);
    if (look.found) this.#known.set(text, look.found);
    return look;
  }

  /** @returns {Promise<Look>} */
  async #ask() {
    /** @type {Blob | null} */
    const picture = await new Promise((resolve) => this.#canvas.toBlob(resolve, "image/jpeg", QUALITY));
    if (!picture) return nothing();
    const form = new FormData();
    form.append("frame", picture, "frame.jpg");
    return post(form);
  }

  /**
   * The part of the picture that is aimed at, in gray: no server needs more to read it.
   * @param {HTMLVideoElement} video  its picture covers its box
   * @param {Element} aim
   */
  #draw(video, aim) {
    const [box, part] = [video.getBoundingClientRect(), aim.getBoundingClientRect()];
    const scale = Math.max(box.width / video.videoWidth, box.height / video.videoHeight);
    const [width, height] = [part.width / scale, part.height / scale];
    const left = (video.videoWidth - box.width / scale) / 2 + (part.left - box.left) / scale;
    const top = (video.videoHeight - box.height / scale) / 2 + (part.top - box.top) / scale;
    const less = Math.min(1, WIDEST / width);
    Object.assign(this.#canvas, { width: Math.round(width * less), height: Math.round(height * less) });
    const pen = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
    pen.drawImage(video, left, top, width, height, 0, 0, this.#canvas.width, this.#canvas.height);
    pen.globalCompositeOperation = "saturation"; // Safari knows no filters here
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
  }
}

/** @param {FormData} body @returns {Promise<Look>} */
async function post(body) {
  const { ok, status, body: found } = await send(ADDRESS, { body });
  if (ok) return nothing(found);
  if (status === 0) return { found: null, trouble: "offline", wait: BUSY_MS };
  if (status === TOO_MANY_REQUESTS) return { found: null, trouble: "", wait: TOO_FAST_MS };
  if (status === UNAVAILABLE) return { found: null, trouble: "", wait: BUSY_MS };
  return { found: null, trouble: "refused", wait: BUSY_MS };
}

/** @param {Found | null} found @returns {Look} */
const nothing = (found = null) => ({ found, trouble: "", wait: NEXT_LOOK_MS });
