// @ts-check
/** Sends forms of the room without leaving the page: the live channel and typed text stay. */
import { toast } from "lib/toasts";

/**
 * @param {HTMLFormElement} form  the buttons elsewhere on the page name it, and say where it goes
 * @param {{ done: () => void, failed: () => void }} then  it was done, or nobody answered
 */
export function intercept(form, then) {
  form.addEventListener("submit", (event) => {
    const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
    if (!button || button.formAction.endsWith("/checkout/")) return; // leads away
    event.preventDefault();
    send(form, button, then);
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} button
 * @param {{ done: () => void, failed: () => void }} then
 */
async function send(form, button, { done, failed }) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  try {
    const body = new FormData(form, button);
    const answer = await fetch(button.formAction, { method: "POST", body, headers: { Accept: "application/json" } });
    if (!answer.ok) toast((await answer.json()).detail, "error");
    button.closest("dialog")?.close();
    done();
  } catch {
    failed();
  } finally {
    button.ariaBusy = null;
  }
}
