// @ts-check
/** What of the page is in view. A log keeps its reader's place with `room/chat/reading-position`, which stands on this. */

const KEYBOARD_SHARE = 0.75; // less than this of the window left: a keyboard is open

/** The page has become another one: it is read from its top. */
export function toTop() {
  scrollTo({ top: 0 });
}

/** @param {HTMLElement} scroller */
export function toEnd(scroller) {
  scroller.scrollTop = scroller.scrollHeight;
}

/** Just as far as is needed to see it. @param {Element | null | undefined} element */
export function reveal(element) {
  element?.scrollIntoView({ block: "nearest" });
}

/**
 * Keep an element within what is visible: above the keyboard of a phone, which only `visualViewport` knows about.
 * @param {HTMLElement} element  gets `--screen` (visible height) and `data-keyboard`
 */
export function fitToScreen(element) {
  const view = window.visualViewport;
  if (!view) return;
  const fit = () => {
    const height = view.height * view.scale; // whoever zooms in sees less, but the window is not smaller
    element.style.setProperty("--screen", `${Math.round(height)}px`);
    element.toggleAttribute("data-keyboard", height < window.innerHeight * KEYBOARD_SHARE);
  };
  view.addEventListener("resize", fit);
  fit();
}
