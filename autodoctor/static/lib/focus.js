// @ts-check
/** Moves the focus when what had it goes, or something else wants it: a keyboard never starts over at the page's top. */

/**
 * @param {HTMLElement | null | undefined} element
 * @param {{ scrolls?: boolean }} [how]  `scrolls`: so far that it is seen
 */
export function focusOn(element, { scrolls = true } = {}) {
  element?.focus({ preventScroll: !scrolls });
}

/** On what the panel of a session is about. */
export function focusOnTitle() {
  focusOn(document.getElementById("panel-title"), { scrolls: false });
}

/**
 * Do something that may take away what has the focus: then something else gets it.
 * @param {HTMLElement} area
 * @param {() => void} act
 * @param {(gone: Element) => HTMLElement | null} next
 */
export function keepFocus(area, act, next) {
  const focused = area.contains(document.activeElement) ? document.activeElement : null;
  act();
  if (focused && focused !== document.activeElement) focusOn(next(focused));
}

/** What is behind an open dialog cannot have the focus. @param {HTMLDialogElement} dialog @returns {HTMLElement} */
export function firstOf(dialog) {
  return dialog.querySelector(":is(input, select, textarea, button):enabled, a[href]") ?? dialog;
}
