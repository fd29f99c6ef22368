// Additions to allauth's passkey scripts: enabling their buttons, and words for a refusal.

import { toast } from "lib/toasts";

// A press before allauth listens would be lost, or send an empty form. Its listener for this event comes first.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("button[data-passkey]")) button.removeAttribute("disabled");
});

// A refused, canceled or late passkey is no error of the page: tell the person instead of logging it.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const words = /** @type {HTMLTemplateElement | null} */ (document.querySelector("#passkey-refused"));
  if (words) toast(words.content.textContent?.trim() ?? "");
});
