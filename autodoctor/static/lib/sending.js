// @ts-check
/** Sends what a person does to the server without leaving the page: the live channel and typed text stay. */
import { toast } from "lib/toasts";

/**
 * @typedef {object} Answer
 * @property {boolean} ok
 * @property {number} status  0: nobody answered
 * @property {boolean} redirected  to sign in
 * @property {any} body  as the server sent it, null if that was no JSON
 * @property {string} detail  why it refuses, in the server's words; empty if it does not say, or nobody answered
 */

const PATIENCE_MS = 30_000; // for an answer: longer than the server waits for others
const PATIENCE_WITH_FILES_MS = 180_000; // they take long on a thin line

/** The CSRF token of the cookie, which changes with a sign-in in another tab; else the token of the page's forms. */
export function csrfToken() {
  const field = /** @type {HTMLInputElement | null} */ (document.querySelector("[name=csrfmiddlewaretoken]"));
  return document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/)?.[1] ?? field?.value ?? "";
}

/**
 * Never throws. Who does not answer for long has not answered.
 * @param {string} address
 * @param {Omit<RequestInit, "body" | "headers"> & { body?: string | FormData }} request  a string is JSON; POST unless said
 * @returns {Promise<Answer>}
 */
export async function send(address, request) {
  const headers = new Headers({ Accept: "application/json", "X-CSRFToken": csrfToken() });
  if (typeof request.body === "string") headers.set("Content-Type", "application/json");
  const signal = AbortSignal.timeout(hasFile(request.body) ? PATIENCE_WITH_FILES_MS : PATIENCE_MS);
  const answer = await fetch(address, { method: "POST", signal, ...request, headers }).catch(() => null);
  const body = await answer?.json().catch(() => null);
  const { ok = false, status = 0, redirected = false } = answer ?? {};
  return { ok, status, redirected, body: body ?? null, detail: ok ? "" : (body?.detail ?? "") };
}

/** @param {string | FormData | undefined} body */
function hasFile(body) {
  return body instanceof FormData && [...body.values()].some((value) => value instanceof File && value.size > 0);
}

/**
 * A button that was pressed is busy until it is done; pressed again meanwhile, it does nothing.
 * @param {HTMLElement} button
 * @param {() => Promise<unknown>} act
 */
export async function whileBusy(button, act) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  try {
    await act();
  } finally {
    button.ariaBusy = null;
  }
}

/**
 * @param {HTMLFormElement} form  the buttons elsewhere on the page name it, and say where it goes
 * @param {{ done: () => void, failed: () => void }} then  it was done or refused, or nobody said which
 */
export function intercept(form, { done, failed }) {
  form.addEventListener("submit", (event) => {
    const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
    if (!button || button.formAction.endsWith("/checkout/")) return; // leads away
    event.preventDefault();
    whileBusy(button, async () => {
      const { ok, detail } = await send(button.formAction, { body: new FormData(form, button) });
      if (!ok && !detail) return failed();
      if (detail) toast(detail, "error");
      button.closest("dialog")?.close();
      done();
    });
  });
}
