// @ts-check
/** The page's title, and the mark before it that calls the person back to a hidden page. */

let title = document.title;
let mark = "";

/** @param {string} words */
export function setTitle(words) {
  title = words;
  write();
}

/** The title without the mark. */
export function plainTitle() {
  return title;
}

/** Until the person is back. @param {string} words */
export function markTitle(words) {
  mark = words;
  write();
}

/** Somebody looks at this page. */
export function isLookedAt() {
  return !document.hidden && document.hasFocus();
}

function write() {
  document.title = mark ? `● ${mark} – ${title}` : title;
}

for (const [from, back] of /** @type {[EventTarget, string][]} */ ([
  [window, "focus"],
  [document, "visibilitychange"],
])) {
  from.addEventListener(back, () => isLookedAt() && markTitle(""));
}
