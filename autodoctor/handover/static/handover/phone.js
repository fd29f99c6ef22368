// @ts-check
/** On the phone that a session was handed to: it gives the call back, and its page follows when the call has come. */
import { send, whileBusy } from "lib/sending";

const SOON_MS = [0, 300, 1_000]; // the server writes down who has the call shortly after this page has joined

const room = /** @type {HTMLElement} */ (document.querySelector("session-room"));

room.addEventListener("click", ({ target }) => {
  const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (target).closest("[data-handover-end]"));
  if (button) whileBusy(button, giveBack);
});
room.addEventListener("call", () => {
  for (const wait of SOON_MS) setTimeout(() => room.dispatchEvent(new CustomEvent("handover")), wait);
});

/** The computer takes the call; whatever became of the answer, its own page says. */
async function giveBack() {
  const { ok } = await send(`/api/sessions/${room.dataset.id}/handover`, { method: "DELETE" });
  if (ok) location.replace(room.dataset.phone ?? "");
}
