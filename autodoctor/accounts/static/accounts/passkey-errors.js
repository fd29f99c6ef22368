// A passkey that was refused, cancelled or timed out is no fault of the page: say so instead of logging it.

import { toast } from "page/toasts";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const words = /** @type {HTMLTemplateElement | null} */ (document.querySelector("#passkey-refused"));
  if (words) toast(words.content.textContent?.trim() ?? "");
});
