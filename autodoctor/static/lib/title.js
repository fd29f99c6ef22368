// @ts-check
/** The page's title, and the mark before it that calls somebody back to a page they do not see. */

let title = document.title;
let mark = "";

/** @param {string} words */
export function setTitle(words) {
  title = words;
  write();
}

/** Without the mark. */
export function plainTitle() {
  return title;
}

/** Until the person is back. @param {string} words */
export function markTitle(words) {
  mark = words;
  write();
}

function write() {
  document.title = mark ? `● ${mark} – ${title}` : title;
}

for (const [from, back] of /** @type {[EventTarget, string][]} */ ([
  [window, "focus"],
  [document, "visibilitychange"],
])) {
  from.addEventListener(back, () => document.hidden || !document.hasFocus() || markTitle(""));
}
