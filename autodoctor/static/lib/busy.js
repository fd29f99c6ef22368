/** A form that is on its way shows so on its button, and is not sent a second time. */

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (event.defaultPrevented || form.method === "dialog" || form.method === "get") return;
  if (form.ariaBusy === "true") {
    event.preventDefault();
    return;
  }
  form.ariaBusy = "true";
  event.submitter?.setAttribute("aria-busy", "true");
});

// The browser's back button brings the page as it was left: free its forms again.
window.addEventListener("pageshow", () => {
  for (const busy of document.querySelectorAll("form[aria-busy], form [aria-busy], button[form][aria-busy]")) {
    busy.removeAttribute("aria-busy");
  }
});
