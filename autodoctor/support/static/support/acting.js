// @ts-check
/** Handles alerts without leaving the page, and keeps the actions on a session up to date. */
import { toast } from "lib/toasts";
import { feed } from "lib/feed";

// A reload would lose the scroll position, and the permission to play sounds.
document.getElementById("actions")?.addEventListener("submit", async (event) => {
  const { submitter, target } = /** @type {SubmitEvent} */ (event);
  const button = /** @type {HTMLButtonElement | null} */ (submitter);
  if (!button) return;
  event.preventDefault();
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  const body = new FormData(/** @type {HTMLFormElement} */ (target), button);
  try {
    const answer = await fetch(button.formAction, { method: "POST", body, headers: { Accept: "application/json" } });
    const said = await answer.json();
    toast(said.text, said.level);
  } catch {
    const failed = /** @type {HTMLTemplateElement | null} */ (document.getElementById("not-sent"));
    toast(failed?.content.textContent ?? "", "error");
  }
  button.ariaBusy = null;
  feed.dispatchEvent(new CustomEvent("changed"));
});
