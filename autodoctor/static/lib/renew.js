// @ts-check
/**
 * Puts what the server renders now in the place of what it rendered before. Typed text, what is chosen, open dialogs and
 * focus stay. A dialog that asks for what is not possible any more, or in other words than before, says so.
 */
import { firstOf, keepFocus } from "lib/focus";
import { morph } from "lib/morph";

/**
 * @param {HTMLElement} present
 * @param {HTMLElement} fresh  as the server renders it now
 * @param {(name: string) => string} words  of a dialog that is "outdated" or "changed"; without them it says nothing
 */
export function renew(present, fresh, words) {
  const asking = /** @type {HTMLDialogElement[]} */ ([...present.querySelectorAll("dialog[open]")]);
  const asked = asking.map((dialog) => dialog.textContent);
  const put = () => {
    morph(present, fresh);
    for (const [place, dialog] of asking.entries()) {
      const isThere = fresh.querySelector(`#${CSS.escape(dialog.id)}`) !== null;
      if (!isThere) outdate(dialog, words("outdated"));
      else if (dialog.textContent !== asked[place]) note(dialog, words("changed"));
    }
  };
  keepFocus(present, put, (gone) => near(present, gone));
}

/** It stays until it is closed, but nothing can be done in it. @param {HTMLDialogElement} dialog @param {string} words */
function outdate(dialog, words) {
  if (!words) return;
  dialog.dataset.outdated = "";
  dialog.addEventListener("close", () => "outdated" in dialog.dataset && dialog.remove(), { once: true });
  if (isAnswered(dialog)) return;
  const focused = document.activeElement;
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (dialog.querySelectorAll("[formaction]"))) {
    button.disabled = true;
    if (button === focused) firstOf(dialog).focus();
  }
  note(dialog, words);
}

/** What happened is what was just asked for in it. @param {HTMLDialogElement} dialog */
function isAnswered(dialog) {
  return dialog.querySelector("[aria-busy=true]") !== null;
}

/** Only of dialogs that ask for something. @param {HTMLDialogElement} dialog @param {string} words */
function note(dialog, words) {
  if (!words || !dialog.querySelector("[formaction]") || isAnswered(dialog)) return;
  const line = document.createElement("p");
  line.className = "banner banner--warn";
  line.setAttribute("role", "status");
  dialog.querySelector(".dialog__actions")?.before(line);
  line.textContent = words; // after it is there, so that it is read out
}

/**
 * What stands for what is gone: its like, else the first thing in the open dialog, else the title.
 * @param {HTMLElement} present
 * @param {Element} gone
 * @returns {HTMLElement | null}
 */
function near(present, gone) {
  const same = gone.id ? document.getElementById(gone.id) : null;
  /** @type {HTMLDialogElement | null} */
  const dialog = present.closest("dialog[open]") ?? present.querySelector("dialog[open]");
  return same ?? (dialog ? firstOf(dialog) : document.getElementById("panel-title"));
}
