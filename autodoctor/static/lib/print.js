// @ts-check
/** Buttons with `data-print` print the page; without a script they are not there. */
for (const button of document.querySelectorAll("[data-print]")) {
  button.removeAttribute("hidden");
  button.addEventListener("click", () => print());
}
