// @ts-check
/**
 * Sends a file in pieces, so that a cut line costs no more than the piece on its way. Only the server knows how far the
 * file has come: it is asked at the beginning, after every cut, and when this page is loaded anew.
 *
 * @typedef {import("lib/sent-body").BodyAnswer} BodyAnswer
 * @typedef {{ id: string | null, offset: number, size: number, most_bytes: number, file: object | null }} Place
 *
 * @typedef {object} Sent
 * @property {File} file
 * @property {string} name
 * @property {string} shot
 * @property {string} still
 * @property {string} id  under which it becomes one file, however often it is begun
 *
 * @typedef {object} PiecesListener
 * @property {(share: number) => void} moved  so much of the file has left, 0 to 1
 * @property {() => void} paused  the line is cut; it goes on by itself
 * @property {(address: string) => void} placed  where the server keeps what has arrived
 */
import { sendBody } from "lib/sent-body";

const FIRST_BYTES = 256 * 1024;
const LEAST_BYTES = 64 * 1024;
const MOST_BYTES = 2 * 1024 * 1024;
const MOST_LETTERS = 255; // of a name
const QUICK_MS = 1_500; // a piece that took less is followed by a larger one
const SLOW_MS = 10_000;
const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 15_000;
const MOST_REFUSALS = 6; // in a row, of a server that answers and cannot

export class Pieces {
  #sent;
  #base;
  #signal;
  #listener;
  /** @type {Place | null} */
  #place = null;
  #bytes = FIRST_BYTES;
  /** As far as the file has ever come. */
  #reached = -1;
  #refusals = 0;
  #cuts = 0;

  /**
   * @param {Sent} sent
   * @param {string} base  the address of the uploads of a session
   * @param {AbortSignal} signal
   * @param {PiecesListener} listener
   */
  constructor(sent, base, signal, listener) {
    this.#sent = sent;
    this.#base = base;
    this.#signal = signal;
    this.#listener = listener;
  }

  /** Go on until the file is shared or refused for good; the answer's body is then the file. @returns {Promise<BodyAnswer>} */
  async send() {
    for (;;) {
      const answer = this.#place ? await this.#sendPiece(this.#place) : await this.#begin();
      if (answer.status === 200 || answer.status === 201) {
        this.#stand(answer.body);
        if (answer.body.file) return { ...answer, body: answer.body.file };
      } else if (this.#signal.aborted || this.#isFinal(answer)) return answer;
      else await this.#wait(answer);
    }
  }

  #begin() {
    const { file, name, shot, still, id } = this.#sent;
    const told = {
      client_id: id,
      name: name.slice(-MOST_LETTERS) || "file",
      shot,
      still: still || null,
      size: file.size,
    };
    const body = JSON.stringify({ ...told, content_type: file.type.slice(0, 100) });
    const headers = { "Content-Type": "application/json" };
    return sendBody(this.#base, { body, headers, signal: this.#signal });
  }

  /** @param {Place} place */
  async #sendPiece({ id, offset, most_bytes: most }) {
    const end = Math.min(offset + Math.min(this.#bytes, most), this.#sent.file.size);
    const began = performance.now();
    const answer = await sendBody(`${this.#base}/${id}`, {
      method: "PATCH",
      body: this.#sent.file.slice(offset, end),
      headers: { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) },
      signal: this.#signal,
      moved: (sent, all) => this.#moved(offset + ((end - offset) * sent) / Math.max(1, all)),
    });
    this.#fit(answer.status ? performance.now() - began : SLOW_MS);
    return answer;
  }

  /** @param {number} tookMs */
  #fit(tookMs) {
    if (tookMs >= SLOW_MS) this.#bytes = Math.max(LEAST_BYTES, this.#bytes / 2);
    else if (tookMs < QUICK_MS) this.#bytes = Math.min(MOST_BYTES, this.#bytes * 2);
  }

  /** @param {Place} place */
  #stand(place) {
    if (place.id && !this.#place) this.#listener.placed(`${this.#base}/${place.id}`);
    if (place.offset > this.#reached) this.#refusals = this.#cuts = 0;
    this.#reached = Math.max(this.#reached, place.offset);
    this.#place = place;
    this.#moved(place.offset);
  }

  /** @param {number} bytes */
  #moved(bytes) {
    this.#listener.moved(bytes / this.#sent.file.size);
  }

  /** @param {BodyAnswer} answer */
  #isFinal({ status, body }) {
    if (status === 0 || status === 408 || status === 429) return false;
    this.#refusals += 1;
    const isElsewhere = status === 409 && body?.error === "wrong_offset";
    const isGone = status === 404 && this.#place !== null; // its time was over: it begins anew
    return this.#refusals > MOST_REFUSALS || !(isElsewhere || isGone || status >= 500);
  }

  /** Then the server is asked where it stands. @param {BodyAnswer} answer */
  async #wait({ status, retryAfterMs }) {
    this.#place = null;
    if (status === 404 || status === 409) return;
    this.#listener.paused();
    const wait = Math.min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#cuts);
    this.#cuts += 1;
    await pause(retryAfterMs || wait, this.#signal);
  }
}

/**
 * Until then, or until the network is back.
 * @param {number} ms
 * @param {AbortSignal} signal
 */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const over = new AbortController();
    const wake = () => {
      clearTimeout(timer);
      over.abort();
      resolve(undefined);
    };
    const timer = setTimeout(wake, ms);
    addEventListener("online", wake, { signal: over.signal });
    signal.addEventListener("abort", wake, { signal: over.signal });
  });
}
