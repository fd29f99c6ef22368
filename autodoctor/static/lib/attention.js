// @ts-check
/**
 * Calls the person: with a toast, a sound and, if nobody looks, a mark in the page's title. Of several tabs only one
 * sounds and is marked.
 */
import { isLookedAt, markTitle } from "lib/title";
import { raise } from "lib/toasts";
import { play } from "lib/sounds";

let attends = false;
let leads = false;

/** The tab that was touched last leads, because browsers let only touched tabs sound. @param {LockOptions} options */
function lead(options) {
  const held = () => {
    leads = true;
    return new Promise(() => {});
  };
  if (!navigator.locks) leads = true;
  navigator.locks?.request("calls-attention", options, held).catch(() => {
    leads = false;
    lead({});
  });
}

/** From now on this page may be the one that sounds. */
export function attend() {
  if (attends) return;
  attends = true;
  lead({});
  for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, () => leads || lead({ steal: true }));
}

/**
 * @param {string} words
 * @param {{ quiet?: boolean, inPlace?: boolean }} [how]  `inPlace`: the page says it where it belongs, without a toast
 */
export function callAttention(words, { quiet = false, inPlace = false } = {}) {
  const shown = inPlace ? undefined : raise(words);
  if (leads && !quiet) play("waiting");
  if (leads && !isLookedAt()) markTitle(words);
  return shown;
}

/** Sound for the person, from one of their tabs. @param {Parameters<typeof play>[0]} tune */
export function sound(tune) {
  if (leads) play(tune);
}
