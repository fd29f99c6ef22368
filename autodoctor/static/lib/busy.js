/** Shows on the button that a form is being sent, and prevents a second submission. */

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (event.defaultPrevented || form.method === "dialog" || form.method === "get") return;
  if (form.target === "_blank") return; // it leads to another tab: this page stays as it is
  if (form.ariaBusy === "true") {
    event.preventDefault();
    return;
  }
  form.ariaBusy = "true";
  event.submitter?.setAttribute("aria-busy", "true");
});

// The browser's back button restores the page as it was left: enable its forms again.
window.addEventListener("pageshow", () => {
  for (const busy of document.querySelectorAll("form[aria-busy], form [aria-busy], button[form][aria-busy]")) {
    busy.removeAttribute("aria-busy");
  }
});
