// @ts-check
/**
 * The upload of a file to a session. Independent of the DOM; keeps the file until it is discarded: a failed upload can
 * be sent again under the same id, so that the server stores it once.
 *
 * @typedef {object} SharedFile  as the API describes it
 * @property {string} id
 * @property {string} name
 * @property {"image"|"audio"|"video"|"pdf"|"document"|"text"} kind
 * @property {string} content_type
 * @property {number} size  bytes
 * @property {number | null} width  pixels
 * @property {number | null} height
 * @property {string} url
 * @property {string | null} thumbnail_url
 *
 * @typedef {{ code: string, detail: string }} Failure  `detail` is the server's sentence, or empty
 */
import { csrfToken } from "lib/sending";

const STALLED_MS = 120_000; // nothing moved for so long: the connection is dead
/** Sending the same file again cannot help. */
const FINAL = new Set(
  "empty folder too_large wrong_type invalid session_closed not_a_party not_found client_id_reused".split(" "),
);

/** Dispatches `change` whenever one of its fields has changed. */
export class Upload extends EventTarget {
  id = crypto.randomUUID();
  /** @type {"waiting"|"sending"|"checking"|"shared"|"failed"|"dropped"} */
  state = "waiting";
  /** The sent share of the file, 0 to 1. */
  progress = 0;
  /** @type {Failure | null} */
  failure = null;
  /** @type {SharedFile | null} */
  shared = null;

  /** @type {XMLHttpRequest | null} */
  #request = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;

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
    return this.state === "sending" || this.state === "checking";
  }

  /** @param {string} address  of the session's files */
  send(address) {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.upload.onprogress = ({ loaded, total }) => this.#progress(loaded / total);
    request.upload.onload = () => this.#progress(1);
    request.onload = () => this.#answered(request);
    request.onerror = () => this.fail({ code: "offline", detail: "" });
    this.#request = request;
    this.#become("sending", { progress: 0, failure: null });
    this.#waitForMore();
    request.send(this.#body());
  }

  /** Queue the upload again. */
  again() {
    this.#become("waiting", { progress: 0, failure: null });
  }

  /** Cancel the upload in any state. */
  drop() {
    this.#hangUp();
    this.#become("dropped");
  }

  /** @param {Failure} failure */
  fail(failure) {
    this.#hangUp();
    this.#become("failed", { failure });
  }

  #body() {
    const body = new FormData();
    body.append("client_id", this.id);
    if (this.shot) body.append("shot", this.shot);
    body.append("file", this.file, this.name);
    return body;
  }

  /** @param {number} progress */
  #progress(progress) {
    this.#waitForMore();
    this.#become(progress < 1 ? "sending" : "checking", { progress });
  }

  #waitForMore() {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.fail({ code: "offline", detail: "" }), STALLED_MS);
  }

  /** @param {XMLHttpRequest} request */
  #answered({ status, response }) {
    clearTimeout(this.#patience);
    if (status < 300 && response) return this.#become("shared", { progress: 1, shared: response });
    const code = status === 401 ? "signed_out" : (response?.error ?? (status === 413 ? "too_large" : "unclear"));
    this.fail({ code, detail: status < 500 || response?.error ? (response?.detail ?? "") : "" });
  }

  #hangUp() {
    clearTimeout(this.#patience);
    if (!this.#request) return;
    this.#request.onload = this.#request.onerror = null;
    this.#request.abort();
    this.#request = null;
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
