// @ts-check
/**
 * Calls the person: with a toast, a sound and, if the page is hidden, a mark in its title. Of several tabs only one
 * sounds and is marked.
 */
import { markTitle } from "lib/title";
import { toast } from "lib/toasts";
import { play } from "lib/sounds";

let leads = false;

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

/**
 * @param {string} words
 * @param {{ quiet?: boolean }} [how]
 */
export function callAttention(words, { quiet = false } = {}) {
  toast(words);
  if (!leads) return;
  if (!quiet) play("waiting");
  if (document.hidden || !document.hasFocus()) markTitle(words);
}
