// @ts-check
/** Buttons with `data-print` print the page; without scripts they are hidden. */
for (const button of document.querySelectorAll("[data-print]")) {
  button.removeAttribute("hidden");
  button.addEventListener("click", () => print());
}
