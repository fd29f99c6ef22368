// @ts-check
/**
 * The upload of a file to a session. Independent of the DOM; keeps the file until it is discarded: a failed upload can
 * be sent again under the same id, so that the server stores it once. A small file goes in one request, a larger one in
 * pieces: after a cut line it goes on where it was.
 *
 * @typedef {object} SharedFile  as the API describes it
 * @property {string} id
 * @property {string} name
 * @property {"image"|"audio"|"video"|"pdf"|"document"|"text"} kind
 * @property {string} content_type
 * @property {number} size  bytes
 * @property {number | null} width  pixels
 * @property {number | null} height
 * @property {string | null} shot  the item of the photo checklist that it answers
 * @property {string} url
 * @property {string | null} thumbnail_url
 *
 * @typedef {{ code: string, detail: string }} Failure  `detail` is the server's sentence, or empty
 * @typedef {(moved: (share: number) => void, signal: AbortSignal) => Promise<File>} Prepare  throws a `Failure`
 */
import { Pieces } from "lib/pieces";
import { send } from "lib/sending";
import { sendBody } from "lib/sent-body";

export const WHOLE_BYTES = 512 * 1024; // files up to this size go in one request
/** Sending the same file again cannot help. */
const FINAL = new Set(
  "empty folder too_large too_long unreadable wrong_type invalid session_closed not_a_party not_found client_id_reused not_allowed still_answered".split(
    " ",
  ),
);

/** Dispatches `change` whenever one of its fields has changed. */
export class Upload extends EventTarget {
  /** @type {string} */
  id = crypto.randomUUID();
  /** "paused": the line is cut, and it goes on by itself. @type {"waiting"|"preparing"|"sending"|"paused"|"checking"|"shared"|"failed"|"dropped"} */
  state = "waiting";
  /** The share of the file that is prepared or sent, 0 to 1. */
  progress = 0;
  /** @type {Failure | null} */
  failure = null;
  /** @type {SharedFile | null} */
  shared = null;
  /** What is to be done to the file before it can be sent. @type {Prepare | null} */
  prepare = null;
  /** It was begun by this page before it was loaded anew. */
  isResumed = false;
  /** The request for a photo that it answers. */
  still = "";

  #sending = new AbortController();
  /** Where the server keeps what has arrived. */
  #place = "";

  /**
   * @param {File} file
   * @param {string} [name]  what it is called from now on
   * @param {string} [shot]  the item of the photo checklist that it answers
   */
  constructor(file, name = file.name, shot = "") {
    super();
    this.file = file;
    this.name = name;
    this.shot = shot;
  }

  /** Whether the upload may still succeed. */
  get isOpen() {
    return this.state !== "shared" && this.state !== "dropped" && !this.isFinal;
  }

  get isFinal() {
    return this.state === "failed" && FINAL.has(this.failure?.code ?? "");
  }

  get isSending() {
    return ["preparing", "sending", "paused", "checking"].includes(this.state);
  }

  /** @param {string} session  its address in the API */
  async send(session) {
    const { signal } = (this.#sending = new AbortController());
    if (this.prepare && !(await this.#prepareBy(this.prepare, signal))) return;
    this.#become("sending", { progress: 0, failure: null });
    const answer = await (this.file.size > WHOLE_BYTES
      ? this.#sendPieces(`${session}/uploads`, signal)
      : this.#sendWhole(`${session}/files`, signal));
    if (!signal.aborted) this.#answered(answer);
  }

  /** Queue the upload again. */
  again() {
    this.#become("waiting", { progress: 0, failure: null });
  }

  /** Cancel the upload in any state. */
  drop() {
    this.#sending.abort();
    if (this.#place && this.state !== "shared") send(this.#place, { method: "DELETE" });
    this.#become("dropped");
  }

  /** @param {Failure} failure */
  fail(failure) {
    this.#sending.abort();
    this.#become("failed", { failure });
  }

  /**
   * Whether the file can be sent now.
   * @param {Prepare} prepare
   * @param {AbortSignal} signal
   */
  async #prepareBy(prepare, signal) {
    this.#become("preparing", { progress: 0, failure: null });
    try {
      this.file = await prepare((progress) => signal.aborted || this.#become("preparing", { progress }), signal);
      this.name = this.name.replace(/\.\w{1,8}$/, "") + (this.file.name.match(/\.\w{1,8}$/)?.[0] ?? "");
      this.prepare = null;
    } catch (failure) {
      if (!signal.aborted) this.fail(/** @type {Failure} */ (failure));
    }
    return !signal.aborted;
  }

  /**
   * @param {string} address
   * @param {AbortSignal} signal
   */
  #sendWhole(address, signal) {
    const body = new FormData();
    body.append("client_id", this.id);
    if (this.shot) body.append("shot", this.shot);
    if (this.still) body.append("still", this.still);
    body.append("file", this.file, this.name);
    return sendBody(address, { body, signal, moved: (sent, all) => this.#moved(sent / all, signal) });
  }

  /**
   * @param {string} address
   * @param {AbortSignal} signal
   */
  #sendPieces(address, signal) {
    return new Pieces(this, address, signal, {
      moved: (share) => this.#moved(share, signal),
      paused: () => signal.aborted || this.#become("paused"),
      placed: (place) => (this.#place = place),
    }).send();
  }

  /**
   * @param {number} progress
   * @param {AbortSignal} signal
   */
  #moved(progress, signal) {
    if (!signal.aborted) this.#become(progress < 1 ? "sending" : "checking", { progress });
  }

  /** @param {import("lib/sent-body").BodyAnswer} answer */
  #answered({ status, body }) {
    if (status >= 200 && status < 300 && body) return this.#become("shared", { progress: 1, shared: body });
    if (!status) return this.fail({ code: "offline", detail: "" });
    const code = status === 401 ? "signed_out" : (body?.error ?? (status === 413 ? "too_large" : "unclear"));
    this.fail({ code, detail: status < 500 || body?.error ? (body?.detail ?? "") : "" });
  }

  /**
   * @param {Upload["state"]} state
   * @param {Partial<Pick<Upload, "progress"|"failure"|"shared">>} [facts]
   */
  #become(state, facts = {}) {
    Object.assign(this, { state, ...facts });
    this.dispatchEvent(new Event("change"));
  }
}
