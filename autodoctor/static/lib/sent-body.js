// @ts-check
/** Sends a body and tells meanwhile how much of it has left, which `fetch` cannot. */
import { csrfToken } from "lib/sending";

const STALLED_MS = 120_000; // nothing moved for so long: the connection is dead

/**
 * @typedef {object} BodyAnswer
 * @property {number} status  0: nobody answered
 * @property {any} body  null if it was no JSON
 * @property {number} retryAfterMs  when it may be tried again, as the server says; 0 if it does not
 *
 * @typedef {object} Body
 * @property {"POST" | "PATCH"} [method]
 * @property {XMLHttpRequestBodyInit} body
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} signal
 * @property {(sent: number, all: number) => void} [moved]  so many bytes have left
 */

/**
 * Never throws. Aborted, it is as if nobody had answered.
 * @param {string} address
 * @param {Body} given
 * @returns {Promise<BodyAnswer>}
 */
export function sendBody(address, { method = "POST", body, headers = {}, signal, moved = () => {} }) {
  const request = new XMLHttpRequest();
  request.open(method, address);
  request.responseType = "json";
  const all = { Accept: "application/json", "X-CSRFToken": csrfToken(), ...headers };
  for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let patience;
  const waitForMore = () => {
    clearTimeout(patience);
    patience = setTimeout(() => request.abort(), STALLED_MS);
  };
  const stop = () => request.abort();
  signal.addEventListener("abort", stop);
  request.upload.onprogress = ({ loaded, total }) => {
    waitForMore();
    moved(loaded, total);
  };
  request.upload.onload = waitForMore;
  return new Promise((resolve) => {
    request.onloadend = () => {
      clearTimeout(patience);
      signal.removeEventListener("abort", stop);
      resolve(answerOf(request));
    };
    waitForMore();
    if (signal.aborted) stop();
    request.send(body);
  });
}

/** @param {XMLHttpRequest} request @returns {BodyAnswer} */
function answerOf(request) {
  const seconds = request.status ? Number(request.getResponseHeader("Retry-After")) : 0;
  return { status: request.status, body: request.response, retryAfterMs: seconds > 0 ? seconds * 1000 : 0 };
}
