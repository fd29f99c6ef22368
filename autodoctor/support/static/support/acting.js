// @ts-check
/** Handles alerts without leaving the page, and keeps the actions on a session up to date. */
import { feed } from "lib/feed";
import { send, whileBusy } from "lib/sending";
import { toast } from "lib/toasts";

// A reload would lose the scroll position, and the permission to play sounds.
document.getElementById("actions")?.addEventListener("submit", async (event) => {
  const { submitter, target } = /** @type {SubmitEvent} */ (event);
  const button = /** @type {HTMLButtonElement | null} */ (submitter);
  if (!button) return;
  event.preventDefault();
  await whileBusy(button, async () => {
    const { body } = await send(button.formAction, {
      body: new FormData(/** @type {HTMLFormElement} */ (target), button),
    });
    const failed = /** @type {HTMLTemplateElement | null} */ (document.getElementById("not-sent"));
    if (body) toast(body.text, body.level);
    else toast(failed?.content.textContent ?? "", "error");
  });
  feed.dispatchEvent(new CustomEvent("changed"));
});
