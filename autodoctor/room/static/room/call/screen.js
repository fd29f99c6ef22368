// @ts-check
/** Keeps the page within what is visible: above the keyboard of a phone, which only `visualViewport` knows about. */

const KEYBOARD_SHARE = 0.75; // less than this of the window left: a keyboard is open

/** @param {HTMLElement} element  gets `--screen` (visible height) and `data-keyboard` */
export function fitToScreen(element) {
  const view = window.visualViewport;
  if (!view) return;
  const fit = () => {
    element.style.setProperty("--screen", `${Math.round(view.height)}px`);
    element.toggleAttribute("data-keyboard", view.height < window.innerHeight * KEYBOARD_SHARE);
  };
  view.addEventListener("resize", fit);
  fit();
}
