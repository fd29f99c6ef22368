// @ts-check
/** <button role="switch" data-sounds>: switches the sounds of our pages in this browser. */

const KEY = "sounds";

export const soundsAreOn = () => localStorage.getItem(KEY) !== "off";

function show() {
  for (const each of document.querySelectorAll("[data-sounds]")) {
    each.setAttribute("aria-checked", String(soundsAreOn()));
    each.removeAttribute("hidden");
  }
}

document.addEventListener("click", (event) => {
  if (!(/** @type {Element} */ (event.target).closest("[data-sounds]"))) return;
  if (soundsAreOn()) localStorage.setItem(KEY, "off");
  else localStorage.removeItem(KEY);
  show();
});
addEventListener("storage", show);
show();
