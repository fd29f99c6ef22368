// What allauth's passkey scripts leave to the page: when their buttons may be pressed, and words for a refusal.

import { toast } from "lib/toasts";

// A press before allauth listens would be lost, or send an empty form. It begins with this event, and asked first.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("button[data-passkey]")) button.removeAttribute("disabled");
});

// A passkey that was refused, cancelled or timed out is no fault of the page: say so instead of logging it.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const words = /** @type {HTMLTemplateElement | null} */ (document.querySelector("#passkey-refused"));
  if (words) toast(words.content.textContent?.trim() ?? "");
});
