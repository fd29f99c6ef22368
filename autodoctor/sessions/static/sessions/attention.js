// @ts-check
/** Calls the person: with a sound and the tab's title, in one tab only, however many are open. */
import { toast } from "page/toasts";
import { play } from "room/sounds";

const FLASH_MS = 1_000;
let leads = false;
/** @type {ReturnType<typeof setInterval> | undefined} */
let flashing;
const title = document.title;

/** The tab that was touched last leads, because browsers let only touched tabs sound. @param {LockOptions} options */
function lead(options) {
  const held = () => {
    leads = true;
    return new Promise(() => {});
  };
  navigator.locks?.request("calls-attention", options, held).catch(() => {
    leads = false;
    lead({});
  });
}

lead({});
for (const touch of ["pointerdown", "keydown"]) {
  addEventListener(touch, () => leads || lead({ steal: true }));
}
addEventListener("focus", () => {
  clearInterval(flashing);
  document.title = title;
});

/** @param {string} words */
export function callAttention(words) {
  toast(words);
  if (!leads) return;
  play("waiting");
  if (document.hasFocus()) return;
  clearInterval(flashing);
  flashing = setInterval(() => (document.title = document.title === title ? words : title), FLASH_MS);
}
